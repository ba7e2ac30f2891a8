import { z } from 'zod'
import { ConfigError, type Environment, parseEnvironment } from '../../shared/config.ts'
import { regionFault } from './checks/regions.ts'
import type { Run } from './command.ts'

/** The settings of a deployment that are not variables of functions. */
export interface Settings {
  readonly project: string
  readonly region: string
  /** Warm instances of the gateway; the other functions have none. */
  readonly minInstances: number
  /** Maximum instances of each function. */
  readonly maxInstances: number
  /** Prefix of every name, including its hyphen; absent = none. */
  readonly prefix?: string | undefined
  /** The Hosting site; absent = the site of PUBLIC_URL on web.app, or else the project's default site. */
  readonly site?: string | undefined
  /** E-mail address of the build service account; absent = the project's default. */
  readonly buildAccount?: string | undefined
  /** Regions for the values of secrets; absent = chosen by Google. */
  readonly secretLocations?: readonly string[] | undefined
  /** The VPC network and subnet through which the gateway reaches private addresses. */
  readonly network?: string | undefined
  readonly subnet?: string | undefined
}

const count = (max: number) =>
  z
    .string()
    .regex(/^\d{1,4}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().max(max, `must be at most ${max}`))

const REGION = /^[a-z]+-[a-z]+\d+$/
const RESOURCE = /^[a-z0-9][\w:./-]*$/i

/** The variables that only the commands read. */
export const gcpVariables = {
  GCP_PROJECT: z
    .string('is required (or --project, or gcloud config set project)')
    .regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'must be a project id, not its name or number'),
  GCP_REGION: z
    .string()
    .regex(REGION, 'must be a region such as us-central1')
    .default('us-central1'),
  GCP_MIN_INSTANCES: count(1_000).default(0),
  GCP_MAX_INSTANCES: count(1_000).pipe(z.number().min(1, 'must be at least 1')).default(10),
  GCP_ALERT_CHANNELS: z.string().optional(),
  GCP_PREFIX: z
    .string()
    .regex(
      /^[a-z](?:[a-z0-9-]{0,15}[a-z0-9])?-?$/,
      'must be 1 to 17 lower-case letters, digits and hyphens, a letter first',
    )
    .transform((value) => `${value.replace(/-$/, '')}-`)
    .optional(),
  HOSTING_SITE: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{1,28}[a-z0-9])$/, 'must be a site id, such as acme-mcp')
    .optional(),
  GCP_BUILD_SERVICE_ACCOUNT: z
    .string()
    .regex(/^[^@/\s]+@[^@/\s]+$/, 'must be the e-mail address of a service account')
    .optional(),
  GCP_SECRET_LOCATIONS: z
    .string()
    .transform((value) => value.split(/[,\s]+/).filter(Boolean))
    .pipe(z.array(z.string().regex(REGION, 'must be regions, separated by commas')).min(1))
    .optional(),
  GCP_VPC_NETWORK: z.string().regex(RESOURCE, 'must be the name of a network').optional(),
  GCP_VPC_SUBNET: z.string().regex(RESOURCE, 'must be the name of a subnet').optional(),
} as const

/** The settings on the command line. */
export interface SettingFlags {
  readonly project?: string | undefined
  readonly region?: string | undefined
  readonly site?: string | undefined
}

/**
 * Reads the settings from the flags, the environment, the file or gcloud's configuration, in this order.
 * `isServed`: Hosting must support the region.
 *
 * @throws ConfigError that lists every fault.
 */
export async function readSettings(
  sources: {
    readonly flags: SettingFlags
    readonly env: Environment
    readonly file: Environment
  },
  run: Run,
  isServed = false,
): Promise<Settings> {
  const { flags, env, file } = sources
  const given = (name: string) => env[name]?.trim() || file[name]?.trim()
  const names = Object.keys(gcpVariables)
  const [project, region] = await Promise.all([
    flags.project || given('GCP_PROJECT') || configured(run, 'core/project'),
    flags.region || given('GCP_REGION') || configured(run, 'functions/region'),
  ])
  const parsed = parseEnvironment(gcpVariables, {
    ...Object.fromEntries(names.map((name) => [name, given(name)])),
    GCP_PROJECT: project,
    GCP_REGION: region,
    HOSTING_SITE: flags.site || given('HOSTING_SITE'),
  })
  const fault = regionFault(parsed.GCP_REGION, isServed)
  if (fault !== undefined) throw new ConfigError([`GCP_REGION ${fault}`])
  return {
    project: parsed.GCP_PROJECT,
    region: parsed.GCP_REGION,
    minInstances: Math.min(parsed.GCP_MIN_INSTANCES, parsed.GCP_MAX_INSTANCES),
    maxInstances: parsed.GCP_MAX_INSTANCES,
    prefix: parsed.GCP_PREFIX,
    site: parsed.HOSTING_SITE ?? siteOfUrl(given('PUBLIC_URL')),
    buildAccount: parsed.GCP_BUILD_SERVICE_ACCOUNT,
    secretLocations: parsed.GCP_SECRET_LOCATIONS,
    network: parsed.GCP_VPC_NETWORK,
    subnet: parsed.GCP_VPC_SUBNET,
  }
}

/** Hosting's default domains contain the site id. */
function siteOfUrl(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined
  return /^([a-z0-9-]+)\.(?:web\.app|firebaseapp\.com)$/.exec(new URL(url).hostname)?.[1]
}

async function configured(run: Run, property: string): Promise<string | undefined> {
  const { code, stdout } = await run(['gcloud', 'config', 'get', property, '--quiet'])
  return code === 0 ? stdout.trim() : undefined
}

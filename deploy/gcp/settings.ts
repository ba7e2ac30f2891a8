import { z } from 'zod'
import { ConfigError, type Environment, parseEnvironment } from '../../shared/config.ts'
import { faultOfRegion } from './checks/regions.ts'
import type { Run } from './command.ts'

/** Where and how large: what `npm run deploy` needs besides the functions' own variables. */
export interface Settings {
  readonly project: string
  readonly region: string
  /** Instances of the gateway that are kept warm; the other functions have none. */
  readonly minInstances: number
  /** The most instances of each function. */
  readonly maxInstances: number
  /** Stands before the name of all that is made, with its hyphen; absent = nothing does. */
  readonly prefix?: string | undefined
  /** The Hosting site; absent = that of PUBLIC_URL on web.app, else the project's default site. */
  readonly site?: string | undefined
  /** E-mail of the service account that builds; absent = the project's default. */
  readonly buildAccount?: string | undefined
  /** Where the values of secrets are kept; absent = Google chooses. */
  readonly secretLocations?: readonly string[] | undefined
  /** The VPC network and subnet that the gateway sends to private addresses through. */
  readonly network?: string | undefined
  readonly subnet?: string | undefined
}

const count = (most: number) =>
  z
    .string()
    .regex(/^\d{1,4}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().max(most, `must be at most ${most}`))

const REGION = /^[a-z]+-[a-z]+\d+$/
const RESOURCE = /^[a-z0-9][\w:./-]*$/i

/** The variables that this command reads; no function sees them. */
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
    .regex(/^[^@/\s]+@[^@/\s]+$/, 'must be the e-mail of a service account')
    .optional(),
  GCP_SECRET_LOCATIONS: z
    .string()
    .transform((value) => value.split(/[,\s]+/).filter(Boolean))
    .pipe(z.array(z.string().regex(REGION, 'must be regions, separated by commas')).min(1))
    .optional(),
  GCP_VPC_NETWORK: z.string().regex(RESOURCE, 'must be the name of a network').optional(),
  GCP_VPC_SUBNET: z.string().regex(RESOURCE, 'must be the name of a subnet').optional(),
} as const

/** What the command line says of them. */
export interface SettingFlags {
  readonly project?: string | undefined
  readonly region?: string | undefined
  readonly site?: string | undefined
}

/**
 * The settings: from the flags, else the environment, else the file, else gcloud's configuration.
 * `isServed`: Hosting is to reach the region.
 *
 * @throws ConfigError with every fault at once.
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
  const fault = faultOfRegion(parsed.GCP_REGION, isServed)
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

/** Hosting's own addresses name their site. */
function siteOfUrl(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined
  return /^([a-z0-9-]+)\.(?:web\.app|firebaseapp\.com)$/.exec(new URL(url).hostname)?.[1]
}

async function configured(run: Run, property: string): Promise<string | undefined> {
  const { code, stdout } = await run(['gcloud', 'config', 'get', property, '--quiet'])
  return code === 0 ? stdout.trim() : undefined
}

import { z } from 'zod'
import { type Environment, parseEnvironment } from '../../shared/config.ts'
import type { Run } from './command.ts'

/** Where and how large: what `npm run deploy` needs besides the functions' own variables. */
export interface Settings {
  readonly project: string
  readonly region: string
  /** Instances of the gateway that are kept warm; the other functions have none. */
  readonly minInstances: number
  /** The most instances of each function. */
  readonly maxInstances: number
}

const count = (most: number) =>
  z
    .string()
    .regex(/^\d{1,4}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().max(most, `must be at most ${most}`))

/** The variables that this command reads; no function sees them. */
export const gcpVariables = {
  GCP_PROJECT: z
    .string('is required (or --project, or gcloud config set project)')
    .regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'must be a project id, not its name or number'),
  GCP_REGION: z
    .string()
    .regex(/^[a-z]+-[a-z]+\d+$/, 'must be a region such as us-central1')
    .default('us-central1'),
  GCP_MIN_INSTANCES: count(1_000).default(0),
  GCP_MAX_INSTANCES: count(1_000).pipe(z.number().min(1, 'must be at least 1')).default(10),
  GCP_ALERT_CHANNELS: z.string().optional(),
} as const

/**
 * The settings: from the flags, else the environment, else the file, else gcloud's configuration.
 *
 * @throws ConfigError with every fault at once.
 */
export async function readSettings(
  sources: {
    readonly flags: { readonly project?: string | undefined; readonly region?: string | undefined }
    readonly env: Environment
    readonly file: Environment
  },
  run: Run,
): Promise<Settings> {
  const { flags, env, file } = sources
  const given = (name: string) => env[name]?.trim() || file[name]?.trim()
  const values = {
    GCP_PROJECT: flags.project || given('GCP_PROJECT') || (await configured(run, 'core/project')),
    GCP_REGION: flags.region || given('GCP_REGION') || (await configured(run, 'functions/region')),
    GCP_MIN_INSTANCES: given('GCP_MIN_INSTANCES'),
    GCP_MAX_INSTANCES: given('GCP_MAX_INSTANCES'),
    GCP_ALERT_CHANNELS: given('GCP_ALERT_CHANNELS'),
  }
  const parsed = parseEnvironment(gcpVariables, values)
  return {
    project: parsed.GCP_PROJECT,
    region: parsed.GCP_REGION,
    minInstances: Math.min(parsed.GCP_MIN_INSTANCES, parsed.GCP_MAX_INSTANCES),
    maxInstances: parsed.GCP_MAX_INSTANCES,
  }
}

async function configured(run: Run, property: string): Promise<string | undefined> {
  const { code, stdout } = await run(['gcloud', 'config', 'get', property, '--quiet'])
  return code === 0 ? stdout.trim() : undefined
}

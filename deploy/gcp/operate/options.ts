import { parseArgs } from 'node:util'

/** The command line makes no sense: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What `status` and `rollback` have in common. */
export interface OperateOptions {
  readonly help: boolean
  readonly json: boolean
  readonly apply: boolean
  /** Roll back what the last deployment has not changed, too. */
  readonly all: boolean
  /** Give the traffic back to the newest revision. */
  readonly toLatest: boolean
  readonly envFile: string
  readonly project: string | undefined
  readonly region: string | undefined
  readonly site: string | undefined
  /** Functions, and `hosting`. */
  readonly names: readonly string[]
}

const PLACES = `  --env-file=FILE  the variables, by default .env.yaml
  --project=ID     else GCP_PROJECT, else gcloud's own
  --region=REGION  else GCP_REGION, else gcloud's own, else us-central1
  --site=SITE      the Hosting site, else HOSTING_SITE, else the project's default
  --json           one JSON document
  --help
`

export const STATUS_USAGE = `Usage: npm run status [-- options]
Shows what is deployed where, since when, which revision serves, and whether it is healthy.
Exit code: 0 all is deployed and healthy, 1 it is not, 2 wrong usage.
${PLACES}`

export const ROLLBACK_USAGE = `Usage: npm run rollback [-- function... hosting] [-- options]
Shows how to give the traffic to the revisions, and the site to the release, before the last
deployment; --apply does it. Names choose what is rolled back.
Exit code: 0 done or planned, 1 failed or nothing to go back to, 2 wrong usage.
  --apply          do it
  --all            also what the last deployment has not changed
  --to-latest      the other way: give the traffic to the newest revisions again
${PLACES}`

/**
 * What was typed.
 *
 * @throws UsageError when it makes no sense.
 */
export function parseOperateOptions(
  command: 'status' | 'rollback',
  args: readonly string[],
  known: readonly string[],
): OperateOptions {
  const { values, positionals } = parse(command, args)
  const unknown = positionals.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    throw new UsageError(`No such part: ${unknown.join(', ')}. There are: ${known.join(', ')}`)
  }
  if (values['all'] === true && positionals.length > 0) {
    throw new UsageError('--all and names exclude each other.')
  }
  return {
    help: values['help'] === true,
    json: values['json'] === true,
    apply: values['apply'] === true,
    all: values['all'] === true,
    toLatest: values['to-latest'] === true,
    envFile: text(values['env-file']) ?? '.env.yaml',
    project: text(values['project']),
    region: text(values['region']),
    site: text(values['site']),
    names: [...new Set(positionals)],
  }
}

function parse(command: 'status' | 'rollback', args: readonly string[]) {
  const flag = { type: 'boolean' } as const
  const value = { type: 'string' } as const
  const places = { 'env-file': value, project: value, region: value, site: value }
  const shared = { ...places, json: flag, help: flag, 'no-color': flag }
  const options =
    command === 'status' ? shared : { ...shared, apply: flag, all: flag, 'to-latest': flag }
  try {
    return parseArgs({
      // `npm run rollback -- gateway -- --apply` hands on the second `--` too.
      args: args.filter((arg) => arg !== '--'),
      allowPositionals: command === 'rollback',
      options,
    }) as {
      readonly values: Readonly<Record<string, string | boolean | undefined>>
      readonly positionals: readonly string[]
    }
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function text(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

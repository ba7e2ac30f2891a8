import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../build/functions.ts'
import { DeployError } from './deploy-error.ts'
import { PHASES, type Phase } from './step.ts'

/** What was typed after `npm run deploy --`. */
export interface Options {
  /** Functions by name; none = all, and what goes with them. */
  readonly functions: readonly string[]
  readonly dryRun: boolean
  /** Destroy: carry it out. */
  readonly apply: boolean
  /** Take over what something else has made: functions, secrets, the release of the site. */
  readonly adopt: boolean
  /** Remove functions of an earlier configuration, and service accounts that have none. */
  readonly prune: boolean
  /** Move traffic that is pinned to an earlier revision. */
  readonly moveTraffic: boolean
  /** Store given values of secrets also where the current ones cannot be read. */
  readonly updateSecrets: boolean
  /** Make a GATEWAY_SIGNING_KEY where there is none. */
  readonly signingKey: boolean
  /** How many versions of each secret stay; undefined = all. */
  readonly keepVersions: number | undefined
  readonly envFile: string
  readonly project: string | undefined
  readonly region: string | undefined
  readonly site: string | undefined
  /** Where to build. */
  readonly dist: string
  readonly only: readonly Phase[]
  readonly skip: readonly Phase[]
}

export const USAGE = `Usage:
npm run deploy [-- function...] [-- options]
  --dry-run          print every command, change nothing
  --env-file=FILE    the variables, by default .env.yaml
  --project=ID       else GCP_PROJECT, else gcloud's own
  --region=REGION    else GCP_REGION, else gcloud's own, else us-central1
  --site=ID          else HOSTING_SITE, else that of PUBLIC_URL, else the project's default site
  --only=PARTS       ${PHASES.join(', ')}; separated by commas
  --skip=PARTS
  --dist=DIRECTORY   where the functions are built, by default dist
  --adopt            take over functions, secrets and a Hosting release that something else has made
  --prune            remove functions of an earlier region or configuration, and their accounts
  --move-traffic     move traffic that a rollback has pinned to what is deployed
  --signing-key      make a GATEWAY_SIGNING_KEY in Secret Manager, if there is none
  --update-secrets   store given secrets also where their current values cannot be read
  --keep-versions=N  destroy all but the newest N versions of each secret
  --help
npm run destroy [-- --apply] [-- options]
  --apply            do it (also --yes); without, what would be done is printed
`

/**
 * Undefined = only the usage was asked for.
 *
 * @throws DeployError when it makes no sense.
 */
export function parseOptions(
  args: readonly string[],
  known: readonly string[],
): Options | undefined {
  const { values, positionals } = parse(args)
  if (values.help === true) return undefined
  const unknown = positionals.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    throw new DeployError(`No such function: ${unknown.join(', ')}. There are: ${known.join(', ')}`)
  }
  return {
    functions: [...new Set(positionals)],
    dryRun: values['dry-run'] ?? false,
    apply: values.apply ?? values.yes ?? false,
    adopt: values.adopt ?? false,
    prune: values.prune ?? false,
    moveTraffic: values['move-traffic'] ?? false,
    updateSecrets: values['update-secrets'] ?? false,
    signingKey: values['signing-key'] ?? false,
    keepVersions: count(values['keep-versions']),
    envFile: values['env-file'] ?? '.env.yaml',
    project: values.project,
    region: values.region,
    site: values.site,
    dist: resolve(values.dist ?? `${ROOT}dist`),
    only: phases(values.only),
    skip: phases(values.skip),
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      // `npm run deploy -- gateway -- --dry-run` hands on the second `--` too.
      args: args.filter((arg) => arg !== '--'),
      allowPositionals: true,
      options: {
        'dry-run': { type: 'boolean' },
        yes: { type: 'boolean' },
        apply: { type: 'boolean' },
        adopt: { type: 'boolean' },
        prune: { type: 'boolean' },
        'move-traffic': { type: 'boolean' },
        'update-secrets': { type: 'boolean' },
        'signing-key': { type: 'boolean' },
        'keep-versions': { type: 'string' },
        site: { type: 'string' },
        help: { type: 'boolean' },
        'env-file': { type: 'string' },
        project: { type: 'string' },
        region: { type: 'string' },
        dist: { type: 'string' },
        only: { type: 'string', multiple: true },
        skip: { type: 'string', multiple: true },
      },
    })
  } catch (error) {
    throw new DeployError(`${error instanceof Error ? error.message : error}\n${USAGE}`)
  }
}

function count(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value)
  throw new DeployError(`--keep-versions requires a whole number from 1. It is ${value}`)
}

function phases(given: readonly string[] = []): Phase[] {
  return given
    .flatMap((value) => value.split(','))
    .map((name) => {
      const phase = PHASES.find((known) => known === name.trim())
      if (phase !== undefined) return phase
      throw new DeployError(`No such part: ${name}. There are: ${PHASES.join(', ')}`)
    })
}

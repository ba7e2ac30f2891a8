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
  readonly yes: boolean
  /** Take over functions of these names that something else has made. */
  readonly adopt: boolean
  readonly envFile: string
  readonly project: string | undefined
  readonly region: string | undefined
  /** Where to build. */
  readonly dist: string
  readonly only: readonly Phase[]
  readonly skip: readonly Phase[]
}

export const USAGE = `npm run deploy [-- function...] [-- options]
  --dry-run        print every command, change nothing
  --env-file=FILE  the variables, by default .env.yaml
  --project=ID     else GCP_PROJECT, else gcloud's own
  --region=REGION  else GCP_REGION, else gcloud's own, else us-central1
  --only=PARTS     ${PHASES.join(', ')}; separated by commas
  --skip=PARTS
  --dist=DIRECTORY where the functions are built, by default dist
  --adopt          take over functions of the same names that something else has made
  --help
npm run destroy [-- --yes] [-- options]
  --yes            do it; without, what would be done is printed
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
    yes: values.yes ?? false,
    adopt: values.adopt ?? false,
    envFile: values['env-file'] ?? '.env.yaml',
    project: values.project,
    region: values.region,
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
        adopt: { type: 'boolean' },
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

function phases(given: readonly string[] = []): Phase[] {
  return given
    .flatMap((value) => value.split(','))
    .map((name) => {
      const phase = PHASES.find((known) => known === name.trim())
      if (phase !== undefined) return phase
      throw new DeployError(`No such part: ${name}. There are: ${PHASES.join(', ')}`)
    })
}

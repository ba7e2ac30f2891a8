import { resolve } from 'node:path'
import { ROOT } from '../build/functions.ts'
import { UsageError } from '../kit/errors.ts'
import { didYouMean } from '../kit/nearest.ts'
import type { CommandLine, Flag, OptionSpecs, Values } from '../kit/options.ts'
import { PHASES, type Phase } from './step.ts'

/** What was typed after `npm run deploy --`. */
export interface Options {
  /** Functions by name; none = all, and what goes with them. */
  readonly functions: readonly string[]
  /** The command line as it was typed. */
  readonly args: readonly string[]
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

/** Where a deployment is: the options of all commands for Google Cloud. */
export const PLACE_OPTIONS = {
  'env-file': { type: 'string', value: 'FILE', default: '.env.yaml', text: 'the variables' },
  project: { type: 'string', value: 'ID', text: "else GCP_PROJECT, else gcloud's own" },
  region: {
    type: 'string',
    value: 'REGION',
    text: "else GCP_REGION, else gcloud's own, else us-central1",
  },
  site: {
    type: 'string',
    value: 'ID',
    text: "else HOSTING_SITE, else that of PUBLIC_URL, else the project's default site",
  },
} as const satisfies OptionSpecs

const PARTS = {
  only: { type: 'list', value: 'PARTS', text: `${PHASES.join(', ')}; separated by commas` },
  skip: { type: 'list', value: 'PARTS', text: 'all parts but these' },
  dist: {
    type: 'string',
    value: 'DIRECTORY',
    text: 'where the functions are built, by default dist',
  },
} as const satisfies OptionSpecs

const APPLY = {
  apply: { type: 'boolean', text: 'do it; without, what would be done is printed' },
  yes: { type: 'boolean', text: 'the same as --apply', isHidden: true },
} as const satisfies OptionSpecs

const CHANGES = {
  ...PLACE_OPTIONS,
  ...PARTS,
  adopt: {
    type: 'boolean',
    text: 'take over functions, secrets and a Hosting release that something else has made',
  },
  prune: {
    type: 'boolean',
    text: 'remove functions of an earlier region or configuration, and their accounts',
  },
  'move-traffic': {
    type: 'boolean',
    text: 'move traffic that a rollback has pinned to what is deployed',
  },
  'signing-key': {
    type: 'boolean',
    text: 'make a GATEWAY_SIGNING_KEY in Secret Manager, if there is none',
  },
  'update-secrets': {
    type: 'boolean',
    text: 'store given secrets also where their current values cannot be read',
  },
  'keep-versions': {
    type: 'string',
    value: 'N',
    text: 'destroy all but the newest N versions of each secret',
  },
} as const satisfies OptionSpecs

/** The options of `npm run deploy`, which applies without being asked to. */
export const DEPLOY_OPTIONS = {
  'dry-run': { type: 'boolean', text: 'print every command, change nothing' },
  ...CHANGES,
  apply: { ...APPLY.apply, isHidden: true },
  yes: APPLY.yes,
} as const satisfies OptionSpecs

/** The options of `npm run destroy`. */
export const DESTROY_OPTIONS = {
  ...APPLY,
  'dry-run': { type: 'boolean', text: 'print every command, change nothing' },
  ...PLACE_OPTIONS,
  ...PARTS,
  adopt: {
    type: 'boolean',
    text: 'remove functions of another PUBLIC_URL, too',
  },
} as const satisfies OptionSpecs

/** The options of `npm run rotate-secret`, which deploys a function. */
export const ROTATE_OPTIONS = { ...APPLY, ...CHANGES } as const satisfies OptionSpecs

type Always = Values<typeof APPLY & typeof PLACE_OPTIONS & typeof PARTS & { readonly adopt: Flag }>

interface Line extends Omit<CommandLine<OptionSpecs>, 'values'> {
  readonly values: Always & Partial<Values<typeof DEPLOY_OPTIONS>>
}

/**
 * What the command line asks for.
 *
 * @throws UsageError that names an unknown function or part.
 */
export function toOptions({ values, positionals, args }: Line, known: readonly string[]): Options {
  for (const name of positionals) {
    if (!known.includes(name)) throw new UsageError(unknownName('function', name, known))
  }
  return {
    functions: [...new Set(positionals)],
    args,
    dryRun: values['dry-run'] ?? false,
    apply: values.apply || values.yes,
    adopt: values.adopt,
    prune: values.prune ?? false,
    moveTraffic: values['move-traffic'] ?? false,
    updateSecrets: values['update-secrets'] ?? false,
    signingKey: values['signing-key'] ?? false,
    keepVersions: count(values['keep-versions']),
    envFile: values['env-file'],
    project: values.project,
    region: values.region,
    site: values.site,
    dist: resolve(values.dist ?? `${ROOT}dist`),
    only: phases(values.only),
    skip: phases(values.skip),
  }
}

function count(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value)
  throw new UsageError(`--keep-versions requires a whole number from 1, not '${value}'.`)
}

function phases(given: readonly string[]): Phase[] {
  return given
    .flatMap((value) => value.split(','))
    .map((name) => {
      const phase = PHASES.find((known) => known === name.trim())
      if (phase !== undefined) return phase
      throw new UsageError(unknownName('part', name, PHASES))
    })
}

/** Names what there is not, what there is, and the nearest of them. */
export function unknownName(kind: string, name: string, known: readonly string[]): string {
  return `No such ${kind}: ${name}. There are: ${known.join(', ')}.${didYouMean(name, known)}`
}

import { resolve } from 'node:path'
import { didYouMean } from '../../shared/nearest.ts'
import { ROOT } from '../build/functions.ts'
import { ENV_FILE_OPTION } from '../env-file.ts'
import { UsageError } from '../kit/errors.ts'
import type { CommandLine, Flag, OptionSpecs, Values } from '../kit/options.ts'
import { PHASES, type Phase } from './step.ts'

/** The options of the commands that change a deployment. */
export interface Options {
  /** Functions by name; empty = all functions, Hosting and doctor. */
  readonly functions: readonly string[]
  /** The original command-line arguments. */
  readonly args: readonly string[]
  readonly dryRun: boolean
  /** `destroy` and `rotate-secret`: apply the plan. */
  readonly apply: boolean
  /** Take over functions, secrets and the site's release that this command did not create. */
  readonly adopt: boolean
  /** Remove functions of an earlier configuration, and service accounts without a function. */
  readonly prune: boolean
  /** Move traffic that is pinned to an earlier revision. */
  readonly moveTraffic: boolean
  /** Store given values of secrets even if the current ones cannot be read. */
  readonly updateSecrets: boolean
  /** Create a GATEWAY_SIGNING_KEY if there is none. */
  readonly signingKey: boolean
  /** Number of versions of each secret to keep; undefined = all. */
  readonly keepVersions: number | undefined
  readonly envFile: string
  readonly project: string | undefined
  readonly region: string | undefined
  readonly site: string | undefined
  /** Directory for the built functions. */
  readonly dist: string
  readonly only: readonly Phase[]
  readonly skip: readonly Phase[]
}

/** The options that locate a deployment, for all commands for Google Cloud. */
export const PLACE_OPTIONS = {
  ...ENV_FILE_OPTION,
  project: {
    type: 'string',
    value: 'ID',
    text: "project id; default: GCP_PROJECT, then gcloud's project",
  },
  region: {
    type: 'string',
    value: 'REGION',
    text: "default: GCP_REGION, then gcloud's region, then us-central1",
  },
  site: {
    type: 'string',
    value: 'ID',
    text: "Hosting site; default: HOSTING_SITE, then the site of PUBLIC_URL, then the project's default site",
  },
} as const satisfies OptionSpecs

const PARTS = {
  only: {
    type: 'list',
    value: 'PARTS',
    text: `run only these parts, separated by commas: ${PHASES.join(', ')}`,
  },
  skip: { type: 'list', value: 'PARTS', text: 'run all parts except these' },
} as const satisfies OptionSpecs

const DIST = {
  dist: {
    type: 'string',
    value: 'DIRECTORY',
    text: 'directory for the built functions; default dist',
  },
} as const satisfies OptionSpecs

const APPLY = {
  apply: { type: 'boolean', text: 'apply the plan; without it, the plan is only printed' },
  yes: { type: 'boolean', text: 'the same as --apply', isHidden: true },
} as const satisfies OptionSpecs

/** For what `deploy` otherwise refuses to change. */
const OVERRIDES = {
  adopt: {
    type: 'boolean',
    text: 'take over functions, secrets and a Hosting release that this command did not create',
  },
  'move-traffic': {
    type: 'boolean',
    text: 'move traffic that a rollback pinned to the new revisions',
  },
} as const satisfies OptionSpecs

/** The options of `npm run deploy`, which applies its plan without --apply. */
export const DEPLOY_OPTIONS = {
  'dry-run': { type: 'boolean', text: 'print every command, change nothing' },
  ...PLACE_OPTIONS,
  ...PARTS,
  ...DIST,
  ...OVERRIDES,
  prune: {
    type: 'boolean',
    text: 'remove functions of an earlier region or configuration, and their accounts',
  },
  'signing-key': {
    type: 'boolean',
    text: 'create a GATEWAY_SIGNING_KEY in Secret Manager if there is none',
  },
  'update-secrets': {
    type: 'boolean',
    text: 'store given secrets even if their current values cannot be read',
  },
  'keep-versions': {
    type: 'string',
    value: 'N',
    text: 'destroy all but the newest N versions of each secret',
  },
  apply: { ...APPLY.apply, isHidden: true },
  yes: APPLY.yes,
} as const satisfies OptionSpecs

/** The parts that `npm run destroy` can remove. */
const REMOVED = PHASES.filter((phase) => phase !== 'apis' && phase !== 'doctor')

/** The options of `npm run destroy`. */
export const DESTROY_OPTIONS = {
  ...APPLY,
  'dry-run': { type: 'boolean', text: 'print every command, change nothing' },
  ...PLACE_OPTIONS,
  only: {
    ...PARTS.only,
    text: `remove only these parts, separated by commas: ${REMOVED.join(', ')}`,
  },
  skip: { ...PARTS.skip, text: 'remove all parts except these' },
  dist: { ...DIST.dist, isHidden: true },
  adopt: {
    type: 'boolean',
    text: 'also remove functions with another PUBLIC_URL',
  },
} as const satisfies OptionSpecs

/** The options of `npm run rotate-secret`, which also deploys a function. */
export const ROTATE_OPTIONS = {
  ...APPLY,
  ...PLACE_OPTIONS,
  ...DIST,
  ...OVERRIDES,
} as const satisfies OptionSpecs

type CommonValues = Values<
  typeof APPLY & typeof PLACE_OPTIONS & typeof DIST & { readonly adopt: Flag }
>

interface ParsedLine extends Omit<CommandLine<OptionSpecs>, 'values'> {
  readonly values: CommonValues & Partial<Values<typeof DEPLOY_OPTIONS>>
}

/**
 * Converts the parsed command line to options.
 *
 * @throws UsageError that names an unknown function or part.
 */
export function toOptions(
  { values, positionals, args }: ParsedLine,
  known: readonly string[],
): Options {
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
    only: phases(values.only ?? []),
    skip: phases(values.skip ?? []),
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

/** Returns an error message with the unknown name, the known names and the closest match. */
export function unknownName(kind: string, name: string, known: readonly string[]): string {
  return `Unknown ${kind}: ${name}. Expected one of: ${known.join(', ')}.${didYouMean(name, known)}`
}

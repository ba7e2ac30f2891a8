import { ENV_FILE_OPTION } from '../../env-file.ts'
import { UsageError } from '../../kit/errors.ts'
import type { CommandLine, Flag, OptionSpecs } from '../../kit/options.ts'

/** The parsed command line. */
export interface ClientsOptions {
  /** Milliseconds; undefined = list only. */
  readonly pruneOlderThanMs: number | undefined
  readonly apply: boolean
  readonly json: boolean
}

/** The options of `npm run clients`. */
export const CLIENTS_OPTIONS = {
  prune: { type: 'boolean', text: 'show the unused clients that would be deleted' },
  'older-than': {
    type: 'string',
    value: 'AGE',
    text: 'minimum time since registration and last use: 30d (default), 12h, 2w',
  },
  apply: { type: 'boolean', text: 'delete them' },
  ...ENV_FILE_OPTION,
} as const satisfies OptionSpecs

const DEFAULT_AGE = '30d'
const HOUR_MS = 3_600_000
const UNITS: Readonly<Record<string, number>> = { h: HOUR_MS, d: 24 * HOUR_MS, w: 168 * HOUR_MS }

/**
 * Converts the parsed command line to options.
 *
 * @throws UsageError
 */
export function toClientsOptions({
  values: { prune, apply, json, 'older-than': olderThan },
}: CommandLine<typeof CLIENTS_OPTIONS & { readonly json: Flag }>): ClientsOptions {
  const ageMs = parseAge(olderThan ?? DEFAULT_AGE)
  if (!prune && apply) throw new UsageError('--apply requires --prune.')
  if (!prune && olderThan !== undefined) throw new UsageError('--older-than requires --prune.')
  return { pruneOlderThanMs: prune ? ageMs : undefined, apply, json }
}

function parseAge(value: string): number {
  const [, number, unit = ''] = /^(\d{1,5})([hdw])$/.exec(value) ?? []
  const unitMs = UNITS[unit]
  if (number !== undefined && unitMs !== undefined) return Number(number) * unitMs
  throw new UsageError('--older-than requires a number of hours, days or weeks, such as 30d.')
}

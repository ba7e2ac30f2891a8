import { parseArgs } from 'node:util'
import { UsageError } from '../provision-options.ts'

/** What the command line asks for. */
export interface ClientsOptions {
  /** Milliseconds; undefined = list only. */
  readonly pruneOlderThanMs: number | undefined
  readonly apply: boolean
  readonly json: boolean
  readonly help: boolean
}

export const USAGE = `npm run clients [-- OPTIONS]

Lists the clients that registered themselves at the Auth0 tenant, and deletes unused ones.

KIND  DCR: registered dynamically; CIMD: registered itself by its metadata document;
      DCR?: Auth0 does not say, and it looks like a registered client
WAY   promoted: first-party client; granted: its own client grant; default: the default grant;
      none: no client grant for the API

  --prune             show which unused clients would be deleted
  --older-than AGE    registered, and last used, longer ago than this: 30d (default), 12h, 2w
  --apply             delete them
  --json              print JSON

Exit code: 0 done or nothing to do, 1 failed or not everything known, 2 wrong usage.
`

const DEFAULT_AGE = '30d'
const HOUR_MS = 3_600_000
const UNITS: Readonly<Record<string, number>> = { h: HOUR_MS, d: 24 * HOUR_MS, w: 168 * HOUR_MS }

/** @throws UsageError */
export function parseClientsOptions(args: readonly string[]): ClientsOptions {
  const values = parse(args)
  const { prune, apply, json, help } = values
  const olderThan = values['older-than']
  if (!prune && apply) throw new UsageError('--apply goes with --prune')
  if (!prune && olderThan !== undefined) throw new UsageError('--older-than goes with --prune')
  const pruneOlderThanMs = prune ? parseAge(olderThan ?? DEFAULT_AGE) : undefined
  return { pruneOlderThanMs, apply, json, help }
}

function parseAge(value: string): number {
  const [, number, unit = ''] = /^(\d{1,5})([hdw])$/.exec(value) ?? []
  const unitMs = UNITS[unit]
  if (number !== undefined && unitMs !== undefined) return Number(number) * unitMs
  throw new UsageError('--older-than takes a number of hours, days or weeks, such as 30d')
}

function parse(args: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const
  const options = {
    ...{ prune: flag, apply: flag, json: flag, help: flag },
    'older-than': { type: 'string' },
  } as const
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

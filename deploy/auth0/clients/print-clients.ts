import { printable, printableJson } from '../../../shared/log/printable.ts'
import { CLIENTS_SCOPES } from '../../kit/management-scopes.ts'
import { quantity } from '../../kit/quantity.ts'
import { showClientName } from '../client-name.ts'
import { age, type PruneDecision } from './classify.ts'
import type { ClientsOptions } from './options.ts'
import type { ClientsRead, ClientWithUsage, ScopedFailure } from './read-clients.ts'

export interface ClassifiedClient extends ClientWithUsage {
  /** Undefined without `--prune`. */
  readonly decision: PruneDecision | undefined
}

/** The readings, decisions and deletions of one run. */
export interface ClientsReport {
  /** MGMT_DOMAIN */
  readonly tenant: string
  readonly read: ClientsRead
  readonly clients: readonly ClassifiedClient[]
  readonly deleted: readonly string[]
  /** Clients that were classified as unused but not deleted. */
  readonly kept: readonly { readonly clientId: string; readonly reason: string }[]
  /** Milliseconds since the epoch. */
  readonly now: number
}

const COLUMNS = [
  ...(['NAME', 'REDIRECTS TO', 'KIND', 'MODE', 'WAY', 'AGE', 'USERS'] as const),
  ...(['LAST USE', 'CLIENT ID'] as const),
]
/** Names for display; the kind of an unmarked client is a guess. */
const KINDS = { dynamic: 'DCR', self_cimd: 'CIMD', unmarked: 'DCR?' } as const
const MAX_WIDTH = 60

/** Returns the report as JSON. */
export function toJson({ tenant, read, clients, deleted, kept, now }: ClientsReport): string {
  const report = {
    tenant,
    clients: clients.map((client) => ({
      client_id: client.clientId,
      name: client.name,
      redirect_uris: client.redirectUris,
      kind: client.kind,
      mode: client.mode,
      promoted: client.isPromoted,
      way: client.way ?? null,
      created_at: iso(client.createdAt),
      age_days: client.createdAt === undefined ? null : days(now - client.createdAt),
      registered_at: iso(registeredAt(client)),
      registered_before: iso(registeredBefore(client)),
      user_grants: client.usage.userGrants ?? null,
      last_use: iso(client.usage.lastUse),
      ...(client.decision && { dead: client.decision.isUnused, reason: client.decision.reason }),
    })),
    others: read.others,
    logs_since: iso(read.logsSince),
    deleted,
    kept: kept.map(({ clientId, reason }) => ({ client_id: clientId, reason })),
    failures: read.failures,
  }
  return `${printableJson(JSON.stringify(report, undefined, 2))}\n`
}

/** Returns the report as text. */
export function toText(report: ClientsReport, options: ClientsOptions): string {
  const { tenant, read, clients } = report
  const isPruneRequested = options.pruneOlderThanMs !== undefined
  const rows = clients.map((client) => toRow(client, report))
  const isRead = read.failures.every(({ scope }) => scope !== 'read:clients')
  const found = isRead
    ? `${quantity(clients.length, 'dynamic client')}, ${read.others} other`
    : 'the clients could not be read'
  const parts = [
    `Tenant ${tenant}: ${found}.`,
    ...(rows.length > 0 ? [table(rows)] : []),
    ...(read.logsSince ? [`The logs go back ${age(report.now - read.logsSince)}.`] : []),
    ...(isPruneRequested && isRead ? [outcome(report, options)] : []),
    ...(read.failures.length > 0 ? [failures(read.failures)] : []),
  ]
  return `${parts.join('\n\n')}\n`
}

function outcome({ clients, deleted, kept }: ClientsReport, { apply }: ClientsOptions): string {
  const unused = clients.filter(({ decision }) => decision?.isUnused)
  if (unused.length === 0) return 'Nothing to delete.'
  if (!apply) {
    return `${quantity(unused.length, 'client')} to delete. Nothing was changed. To delete, run the command again with --apply.`
  }
  return [
    `${quantity(deleted.length, 'client')} deleted.`,
    ...kept.map(({ clientId, reason }) => `Kept ${clientId}: ${reason}`),
  ].join('\n')
}

function toRow(client: ClassifiedClient, { now }: ClientsReport): string[] {
  const { decision, usage } = client
  return [
    ...(decision ? [decision.isUnused ? '- delete' : '= keep'] : []),
    showClientName(client.name),
    client.redirectUris.join(' '),
    KINDS[client.kind],
    client.mode,
    client.way ?? '?',
    ageOf(client, now),
    usage.userGrants === undefined ? '?' : String(usage.userGrants),
    lastUse(usage.lastUse, now),
    client.clientId,
    ...(decision ? [decision.reason] : []),
  ].map(toCell)
}

function registeredAt({ createdAt, usage: { registered } }: ClientWithUsage): number | undefined {
  return createdAt ?? (registered && 'at' in registered ? registered.at : undefined)
}

function registeredBefore({ usage: { registered } }: ClientWithUsage): number | undefined {
  return registered && 'before' in registered ? registered.before : undefined
}

function ageOf(client: ClientWithUsage, now: number): string {
  const at = registeredAt(client)
  if (at !== undefined) return age(now - at)
  const before = registeredBefore(client)
  return before === undefined ? '?' : `> ${age(now - before)}`
}

function table(rows: readonly (readonly string[])[]): string {
  const hasDecisions = rows.some((row) => row.length > COLUMNS.length)
  const all = [hasDecisions ? ['PLAN', ...COLUMNS, 'WHY'] : [...COLUMNS], ...rows]
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function failures(list: readonly ScopedFailure[]): string {
  const missing = list.filter(({ kind }) => kind === 'scope-missing').map(({ scope }) => scope)
  const messages = [...new Set(list.map(({ message }) => message))]
  if (missing.length > 0) {
    messages.push(
      `Missing Management scopes: ${missing.join(' ')}`,
      'Grant this application, under Applications > APIs > Auth0 Management API > Application Access:',
      `    ${CLIENTS_SCOPES.join(' ')}`,
    )
  }
  return messages.map(printable).join('\n')
}

function lastUse(value: number | null | undefined, now: number): string {
  if (value === undefined) return '?'
  return value === null ? 'not in the logs' : `${age(now - value)} ago`
}

/** A client chooses its own name and redirect URIs, so control characters are escaped. */
function toCell(text: string): string {
  const plain = printable(text)
  return plain.length > 4 * MAX_WIDTH ? `${plain.slice(0, 4 * MAX_WIDTH)}…` : plain
}

function iso(at: number | null | undefined): string | null {
  return typeof at === 'number' ? new Date(at).toISOString() : null
}

function days(ms: number): number {
  return Math.floor(ms / 86_400_000)
}

import { printable, printableJson } from '../../../shared/log/printable.ts'
import { CLIENTS_SCOPES } from '../../kit/management-scopes.ts'
import { showClientName } from '../client-name.ts'
import type { ClientsOptions } from './options.ts'
import type { ClientsRead, LivingClient, ScopedFailure } from './read-clients.ts'
import { age, type Verdict } from './verdict.ts'

export interface JudgedClient extends LivingClient {
  /** Undefined when nothing is to be pruned. */
  readonly verdict: Verdict | undefined
}

/** One run: what was read, what was planned, what came of it. */
export interface ClientsReport {
  /** MGMT_DOMAIN */
  readonly tenant: string
  readonly read: ClientsRead
  readonly clients: readonly JudgedClient[]
  readonly deleted: readonly string[]
  /** What was dead when the plan was made, and was kept all the same. */
  readonly kept: readonly { readonly clientId: string; readonly reason: string }[]
  /** Milliseconds since the epoch. */
  readonly now: number
}

const COLUMNS = [
  ...(['NAME', 'REDIRECTS TO', 'KIND', 'MODE', 'WAY', 'AGE', 'USERS'] as const),
  ...(['LAST USE', 'CLIENT ID'] as const),
]
/** As people know them; a client without the marker is one by a guess. */
const KINDS = { dynamic: 'DCR', self_cimd: 'CIMD', unmarked: 'DCR?' } as const
const MAX_WIDTH = 60

/** For machines. */
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
      user_grants: client.life.userGrants ?? null,
      last_use: iso(client.life.lastUse),
      ...(client.verdict && { dead: client.verdict.isDead, reason: client.verdict.reason }),
    })),
    others: read.others,
    logs_since: iso(read.logsSince),
    deleted,
    kept: kept.map(({ clientId, reason }) => ({ client_id: clientId, reason })),
    failures: read.failures,
  }
  return `${printableJson(JSON.stringify(report, undefined, 2))}\n`
}

/** For people. */
export function toText(report: ClientsReport, options: ClientsOptions): string {
  const { tenant, read, clients } = report
  const asked = options.pruneOlderThanMs !== undefined
  const rows = clients.map((client) => toRow(client, report))
  const isRead = read.failures.every(({ scope }) => scope !== 'read:clients')
  const found = isRead
    ? `${count(clients.length, 'dynamic client')}, ${read.others} other`
    : 'its clients cannot be read'
  const parts = [
    `Tenant ${tenant}: ${found}.`,
    ...(rows.length > 0 ? [table(rows)] : []),
    ...(read.logsSince ? [`The logs go back ${age(report.now - read.logsSince)}.`] : []),
    ...(asked && isRead ? [outcome(report, options)] : []),
    ...(read.failures.length > 0 ? [failures(read.failures)] : []),
  ]
  return `${parts.join('\n\n')}\n`
}

function outcome({ clients, deleted, kept }: ClientsReport, { apply }: ClientsOptions): string {
  const dead = clients.filter(({ verdict }) => verdict?.isDead)
  if (dead.length === 0) return 'Nothing to delete.'
  if (!apply) {
    return `${count(dead.length, 'client')} to delete. Nothing was changed. To carry it out, run it again with --apply.`
  }
  return [
    `${count(deleted.length, 'client')} deleted.`,
    ...kept.map(({ clientId, reason }) => `Kept ${clientId}: ${reason}`),
  ].join('\n')
}

function toRow(client: JudgedClient, { now }: ClientsReport): string[] {
  const { verdict, life } = client
  return [
    ...(verdict ? [verdict.isDead ? '- delete' : '= keep'] : []),
    showClientName(client.name),
    client.redirectUris.join(' '),
    KINDS[client.kind],
    client.mode,
    client.way ?? '?',
    ageOf(client, now),
    life.userGrants === undefined ? '?' : String(life.userGrants),
    lastUse(life.lastUse, now),
    client.clientId,
    ...(verdict ? [verdict.reason] : []),
  ].map(toCell)
}

function registeredAt({ createdAt, life: { registered } }: LivingClient): number | undefined {
  return createdAt ?? (registered && 'at' in registered ? registered.at : undefined)
}

function registeredBefore({ life: { registered } }: LivingClient): number | undefined {
  return registered && 'before' in registered ? registered.before : undefined
}

function ageOf(client: LivingClient, now: number): string {
  const at = registeredAt(client)
  if (at !== undefined) return age(now - at)
  const before = registeredBefore(client)
  return before === undefined ? '?' : `> ${age(now - before)}`
}

function table(rows: readonly (readonly string[])[]): string {
  const isJudged = rows.some((row) => row.length > COLUMNS.length)
  const all = [isJudged ? ['PLAN', ...COLUMNS, 'WHY'] : [...COLUMNS], ...rows]
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

/** A client chooses its own name and redirect URIs: they must not move the terminal. */
function toCell(text: string): string {
  const plain = printable(text)
  return plain.length > 4 * MAX_WIDTH ? `${plain.slice(0, 4 * MAX_WIDTH)}…` : plain
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

function iso(at: number | null | undefined): string | null {
  return typeof at === 'number' ? new Date(at).toISOString() : null
}

function days(ms: number): number {
  return Math.floor(ms / 86_400_000)
}

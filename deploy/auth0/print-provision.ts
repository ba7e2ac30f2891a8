import { printableJson } from '../../shared/log/printable.ts'
import { PROVISION_SCOPES } from '../kit/management-scopes.ts'
import type { Style } from '../kit/style.ts'
import type { Applied, FailedItem } from './apply.ts'
import type { PlanItem } from './plan/item.ts'
import { printNeededScopes, printPlan, printScopes, summarize } from './print-plan.ts'
import type { ReadFailure } from './reading.ts'

export interface Planned {
  /** MGMT_DOMAIN */
  readonly tenant: string
  readonly items: readonly PlanItem[]
  /** Management scopes that the plan requires and the token lacks. */
  readonly missingScopes: readonly string[]
  /** Why the API could not be read. */
  readonly failure: ReadFailure | undefined
  /** Id of the client of `--predefined`, once it exists. */
  readonly clientId: string | undefined
}

/** Prints a run step by step (text), or as a whole at its end (JSON). */
export interface Printer {
  readonly plan: (planned: Planned) => void
  readonly done: (item: PlanItem) => void
  readonly applied: (applied: Applied) => void
  /** Prints the client id to enter in ChatGPT. */
  readonly client: (clientId: string) => void
  /** Prints the id of the client that exchanges tokens; as text, how to configure it unless it is. */
  readonly exchange: (clientId: string, name: string, isConfigured: boolean) => void
  readonly end: <Code extends 0 | 1>(exitCode: Code) => Code
}

export interface PrinterOptions {
  readonly apply: boolean
  readonly json: boolean
}

const TO_DO: ReadonlySet<string> = new Set(['create', 'change', 'remove'])
const PAST = {
  ...{ create: 'created', change: 'changed', remove: 'removed' },
  // These are sent again although the plan contains no change.
  ...{ keep: 'refreshed', report: 'sent' },
}

/** Creates a text printer, or a JSON printer with `json`. */
export function createPrinter(
  options: PrinterOptions,
  write: (text: string) => void,
  style: Style,
): Printer {
  return options.json ? jsonPrinter(write) : textPrinter(options, write, style)
}

/** Returns whether the item is a change that `--apply` makes. */
export function isToDo({ action }: PlanItem): boolean {
  return TO_DO.has(action)
}

function textPrinter(
  { apply }: PrinterOptions,
  write: (text: string) => void,
  style: Style,
): Printer {
  const line = (text: string) => write(`${text}\n`)
  let blocked: readonly PlanItem[] = []
  return {
    plan: ({ tenant, items, missingScopes, failure }) => {
      blocked = items.filter(({ action }) => action === 'blocked')
      if (failure?.kind === 'no-token' || failure?.kind === 'unreachable') {
        line(failure.message)
        return failure.kind === 'no-token' ? line(`\n${printNeededScopes()}`) : undefined
      }
      line(`Tenant ${tenant}\n\n${printPlan(items, style)}\n\n${summarize(items)}`)
      if (missingScopes.length > 0) line(`\n${printScopes(missingScopes)}`)
      const isBlocked = blocked.length > 0
      if (!items.some(isToDo)) line(isBlocked ? `\n${NOTHING_ELSE}` : `\n${NOTHING}`)
      else if (apply) line('')
      else line(`\nNothing was changed. ${isBlocked ? APPLY_THE_REST : APPLY}`)
    },
    done: ({ action, area, subject }) =>
      line(`${action in PAST ? PAST[action as keyof typeof PAST] : action}  ${area}  ${subject}`),
    applied: (applied) => {
      for (const clientId of applied.madeClients) line(`client id  ${clientId}`)
      const text = printApplied(applied, blocked)
      if (text !== '') line(`\n${text}`)
    },
    client: (clientId) =>
      line(
        `\nTo use it, create the connector in ChatGPT with OAuth, enter the client ID ${clientId} and leave the client secret empty.`,
      ),
    exchange: (clientId, name, isConfigured) => {
      if (isConfigured) return
      line(
        `\nFor backendAuth on_behalf_of: set OBO_CLIENT_ID to ${clientId}, and OBO_CLIENT_SECRET to its client secret (dashboard: Applications > Applications > ${name} > Settings).`,
      )
    },
    end: (exitCode) => exitCode,
  }
}

const NOTHING = 'Nothing to do: the tenant has the required state.'
const NOTHING_ELSE = 'Nothing was changed: every other item is unchanged or blocked.'
const APPLY = 'To apply it, run the command again with --apply.'
const APPLY_THE_REST = 'With --apply, every item that is not blocked is applied.'

function jsonPrinter(write: (text: string) => void): Printer {
  let report: object = {}
  return {
    plan: ({ failure: _, ...planned }) => {
      report = { ...planned, neededScopes: PROVISION_SCOPES }
    },
    done: () => undefined,
    applied: (applied) => {
      report = { ...report, applied }
    },
    client: (clientId) => {
      report = { ...report, clientId }
    },
    exchange: (exchangeClientId) => {
      report = { ...report, exchangeClientId }
    },
    end: (exitCode) => {
      // JSON has no undefined: unset fields are null.
      const text = JSON.stringify({ ...report, exitCode }, (_, value) => value ?? null, 2)
      write(`${printableJson(text)}\n`)
      return exitCode
    },
  }
}

function printApplied(
  { done, failed, refused, skipped }: Applied,
  blocked: readonly PlanItem[],
): string {
  const isComplete = failed.length + skipped.length + blocked.length === 0
  const missing = failed.flatMap(({ missingScope }) => missingScope ?? [])
  return [
    ...list('Refused by Auth0, and not required:', refused.map(printFailed)),
    ...list('Failed:', failed.map(printFailed)),
    ...list('Blocked (see the plan):', blocked.map(named)),
    ...list('Skipped, because a step that it depends on is not in place:', skipped.map(named)),
    ...(isComplete ? [] : list('In place:', done.map(named))),
    ...(isComplete && done.length > 0 ? ['Done.'] : []),
    ...(isComplete ? [] : ['The next run continues from here.']),
    ...(missing.length > 0 ? [`\n${printScopes([...new Set(missing)].sort())}`] : []),
  ].join('\n')
}

function printFailed({ item, message }: FailedItem): string {
  return `${named(item)}: ${message}`
}

function named({ area, subject }: PlanItem): string {
  return `${area}  ${subject}`
}

function list(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `    ${line}`)]
}

import type { Applied } from './apply.ts'
import { PROVISION_SCOPES } from './management-scopes.ts'
import type { PlanItem } from './plan-item.ts'
import { printNeededScopes, printPlan, printScopes, summarize } from './print-plan.ts'
import type { ReadFailure } from './reading.ts'

export interface Planned {
  /** MGMT_DOMAIN */
  readonly tenant: string
  readonly items: readonly PlanItem[]
  /** Management scopes that are in the way. */
  readonly missingScopes: readonly string[]
  /** Why the first thing could not be read. */
  readonly failure: ReadFailure | undefined
}

/** Tells a run as it goes, or all of it at its end. */
export interface Printer {
  readonly plan: (planned: Planned) => void
  readonly done: (item: PlanItem) => void
  readonly applied: (applied: Applied) => void
  readonly end: <Code extends 0 | 1>(exitCode: Code) => Code
}

export interface PrinterOptions {
  readonly apply: boolean
  readonly json: boolean
}

const TO_DO: ReadonlySet<string> = new Set(['create', 'change', 'remove'])
const PAST = { create: 'created', change: 'changed', remove: 'removed' }

export function createPrinter(options: PrinterOptions, write: (text: string) => void): Printer {
  return options.json ? jsonPrinter(write) : textPrinter(options, write)
}

function textPrinter({ apply }: PrinterOptions, write: (text: string) => void): Printer {
  const line = (text: string) => write(`${text}\n`)
  let items: readonly PlanItem[] = []
  return {
    plan: ({ tenant, items: planned, missingScopes, failure }) => {
      items = planned
      if (failure?.kind === 'no-token' || failure?.kind === 'unreachable') {
        line(failure.message)
        return failure.kind === 'no-token' ? line(`\n${printNeededScopes()}`) : undefined
      }
      line(`Tenant ${tenant}\n\n${printPlan(items)}\n\n${summarize(items)}`)
      if (missingScopes.length > 0) line(`\n${printScopes(missingScopes)}`)
      if (items.some(({ action }) => action === 'blocked')) {
        line('\nNothing was changed: what is blocked comes first.')
      } else if (!items.some(isToDo)) {
        line('\nNothing to do: the tenant is as this system needs it.')
      } else if (apply) line('')
      else line('\nNothing was changed. To carry it out, run it again with --apply.')
    },
    done: ({ action, area, subject }) =>
      line(`${action in PAST ? PAST[action as keyof typeof PAST] : action}  ${area}  ${subject}`),
    applied: (applied) => {
      for (const clientId of applied.madeClients) line(`client id  ${clientId}`)
      if (applied.failure !== undefined) line(`\n${printFailure(applied, items)}`)
      else if (applied.done.length > 0) line('\nDone.')
    },
    end: (exitCode) => exitCode,
  }
}

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
    end: (exitCode) => {
      // JSON has no undefined: a field that is not set is null.
      const text = JSON.stringify({ ...report, exitCode }, (_, value) => value ?? null, 2)
      write(`${text}\n`)
      return exitCode
    },
  }
}

function isToDo({ action }: PlanItem): boolean {
  return TO_DO.has(action)
}

/** What is in place after a run that did not come to its end. */
function printFailure({ done, failure }: Applied, items: readonly PlanItem[]): string {
  if (failure === undefined) return ''
  const left = items.filter((item) => isToDo(item) && !done.includes(item) && item !== failure.item)
  const list = (title: string, some: readonly PlanItem[]) =>
    some.length === 0 ? [] : [title, ...some.map(({ area, subject }) => `    ${area}  ${subject}`)]
  return [
    `Failed at ${failure.item.area} ${failure.item.subject}: ${failure.message}`,
    ...list('In place:', done),
    ...list('Not yet:', left),
    'Running it again goes on from here.',
    ...(failure.missingScope === undefined ? [] : ['', printScopes([failure.missingScope])]),
  ].join('\n')
}

import { printable } from '../../shared/log/printable.ts'
import { PROVISION_SCOPES } from '../kit/management-scopes.ts'
import { PLAIN, type Style } from '../kit/style.ts'
import type { FieldChange, FieldValue, PlanItem } from './plan/item.ts'

const MARKS: Readonly<Record<PlanItem['action'], string>> = {
  create: '+',
  change: '~',
  keep: '=',
  remove: '-',
  report: 'i',
  blocked: '!',
}
const INDENT = '    '

/** Returns the plan as a readable diff; removals of grants come first. */
export function printPlan(items: readonly PlanItem[], style: Style = PLAIN): string {
  const isFirst = ({ action, area, changes }: PlanItem) =>
    action === 'remove' && area === 'client-grant' && changes.some(({ field }) => field === 'scope')
  const first = items.filter(isFirst)
  return [...first, ...items.filter((item) => !first.includes(item))]
    .map((item) => printItem(item, style))
    .join('\n\n')
}

/** Returns one line with the number of items per action. */
export function summarize(items: readonly PlanItem[]): string {
  const count = (action: PlanItem['action']) =>
    items.filter((item) => item.action === action).length
  const notes = count('report')
  const parts = [
    [count('create'), 'to create'],
    [count('change'), 'to change'],
    [count('remove'), 'to remove'],
    [count('keep'), 'unchanged'],
    [notes, notes === 1 ? 'note' : 'notes'],
    [count('blocked'), 'blocked'],
  ] as const
  const shown = parts.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`)
  return `${shown.join(', ')}.`
}

/** Returns the missing Management scopes, and where to grant all required ones. */
export function printScopes(missing: readonly string[]): string {
  return `Missing Management scopes: ${missing.join(' ')}\n${printNeededScopes()}`
}

/** Returns every Management scope that this command requires, and where to grant them. */
export function printNeededScopes(): string {
  return [
    'Grant this application, under Applications > APIs > Auth0 Management API > Application Access:',
    `${INDENT}${PROVISION_SCOPES.join(' ')}`,
  ].join('\n')
}

function printItem(item: PlanItem, style: Style): string {
  const { action, area, subject, changes, why, where, code = [] } = item
  const isQuiet = action === 'keep'
  return [
    `${MARKS[action]} ${action}  ${area}  ${subject}`,
    ...changes.map((change) => `${INDENT}${printChange(change)}`),
    `${INDENT}why: ${why}`,
    ...(isQuiet ? [] : [`${INDENT}where: ${where}`]),
    ...code.map((line) => `${INDENT}${line}`),
  ]
    .map(printable)
    .map((line, index) => (index === 0 ? colorOf(action, style)(line) : line))
    .join('\n')
}

function colorOf(action: PlanItem['action'], style: Style): (text: string) => string {
  if (action === 'create') return style.green
  if (action === 'change') return style.yellow
  return action === 'remove' || action === 'blocked' ? style.red : (text) => text
}

function printChange({ field, before, after }: FieldChange): string {
  if (before === undefined) return `+ ${field}: ${printValue(after)}`
  if (after === undefined) return `- ${field}: ${printValue(before)}`
  return `~ ${field}: ${printValue(before)} -> ${printValue(after)}`
}

function printValue(value: FieldValue): string {
  if (typeof value === 'object' && value !== null) return `[${value.join(', ')}]`
  if (value === undefined) return 'not set'
  return value === '' ? "''" : String(value)
}

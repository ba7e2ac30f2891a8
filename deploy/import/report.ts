import { printable, printableJson } from '../../shared/log/printable.ts'
import { quantity } from '../kit/quantity.ts'
import type { Change } from './catalogue/merge.ts'
import type { Conversion } from './convert.ts'

/** The report of a run. */
export interface Report extends Conversion {
  readonly out: string | undefined
  readonly isDryRun: boolean
  /** Undefined without `--out`. */
  readonly changes: readonly Change[] | undefined
}

const SIGNS: Readonly<Record<Change['kind'], string>> = {
  added: '+',
  removed: '-',
  updated: '~',
  kept: '=',
}
const MAX_SHOWN = 40

/** Returns the report as text: created, changed and omitted tools with reasons. */
export function describeReport({
  out,
  isDryRun,
  tools,
  leftOut,
  changes,
  warnings,
}: Report): string {
  const lines = [
    `${quantity(tools.length, 'tool')}${out === undefined ? '' : ` in ${out}`}${isDryRun ? ' (dry run: nothing was written)' : ''}`,
    ...(changes ?? []).map(describeChange),
    ...(changes?.length === 0 ? ['no changes'] : []),
    ...tools.flatMap(({ name, notes }) => notes.map((note) => `note: ${name}: ${note}`)),
    ...describeLeftOut(leftOut),
    ...warnings.map((warning) => `warning: ${warning}`),
  ]
  return lines.map((line) => `${printable(onOneLine(line))}\n`).join('')
}

/** Returns the report as JSON. */
export function reportJson(report: Report, catalogue: unknown): string {
  const { out, isDryRun, leftOut, changes, warnings } = report
  const tools = report.tools.map(({ name, operation, notes }) => ({ name, operation, notes }))
  const document = {
    ...(out === undefined ? { catalogue } : { out, dryRun: isDryRun, changes }),
    tools,
    leftOut,
    warnings,
  }
  return `${printableJson(JSON.stringify(document, null, 2))}\n`
}

function describeChange({ kind, tool, member, note }: Change): string {
  const subject = member === undefined ? tool : `${tool}.${member}`
  const words = kind === 'kept' ? `kept: ${note}` : note
  return `${SIGNS[kind]} ${subject}${words === undefined ? '' : ` (${words})`}`
}

/** Groups by reason, because many operations share one. */
function describeLeftOut(leftOut: Conversion['leftOut']): string[] {
  const byReason = Map.groupBy(leftOut, ({ reason }) => reason)
  return [...byReason].flatMap(([reason, all]) => {
    // Operations that the user excluded are not listed.
    if (/^(not included|excluded by |deprecated)/.test(reason))
      return [`omitted ${all.length}: ${reason}`]
    const quoted = all.slice(0, MAX_SHOWN).map(({ operation }) => `  ${operation}`)
    const more = all.length > MAX_SHOWN ? [`  and ${all.length - MAX_SHOWN} more`] : []
    return [`omitted ${all.length}: ${reason}`, ...quoted, ...more]
  })
}

/** Names and reasons may quote the document, with its line breaks and control characters. */
function onOneLine(line: string): string {
  return line.replaceAll(/\p{Cc}+/gu, ' ')
}

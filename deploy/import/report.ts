import { printable, printableJson } from '../../shared/log/printable.ts'
import type { Change } from './catalogue/merge.ts'
import type { Conversion } from './convert.ts'

/** What a run reports beside the catalogue. */
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

/** The report for people: what was made, changed, left out and why. */
export function describeReport({
  out,
  isDryRun,
  tools,
  leftOut,
  changes,
  warnings,
}: Report): string {
  const lines = [
    `${tools.length} tools${out === undefined ? '' : ` in ${out}`}${isDryRun ? ' (dry run: nothing was written)' : ''}`,
    ...(changes ?? []).map(describeChange),
    ...(changes?.length === 0 ? ['nothing has changed'] : []),
    ...tools.flatMap(({ name, notes }) => notes.map((note) => `note: ${name}: ${note}`)),
    ...describeLeftOut(leftOut),
    ...warnings.map((warning) => `warning: ${warning}`),
  ]
  return lines.map((line) => `${printable(onOneLine(line))}\n`).join('')
}

/** The report for machines. */
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
  const words = kind === 'kept' ? `kept as it is: ${note}` : note
  return `${SIGNS[kind]} ${subject}${words === undefined ? '' : ` (${words})`}`
}

/** By reason, since whole groups share one. */
function describeLeftOut(leftOut: Conversion['leftOut']): string[] {
  const byReason = Map.groupBy(leftOut, ({ reason }) => reason)
  return [...byReason].flatMap(([reason, all]) => {
    // What was asked for needs no list.
    if (/^(not included|excluded by |deprecated)/.test(reason))
      return [`left out ${all.length}: ${reason}`]
    const shown = all.slice(0, MAX_SHOWN).map(({ operation }) => `  ${operation}`)
    const more = all.length > MAX_SHOWN ? [`  and ${all.length - MAX_SHOWN} more`] : []
    return [`left out ${all.length}: ${reason}`, ...shown, ...more]
  })
}

/** Names and reasons may quote the document, with its line breaks and control characters. */
function onOneLine(line: string): string {
  return line.replaceAll(/\p{Cc}+/gu, ' ')
}

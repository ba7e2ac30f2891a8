import { printable, printableJson } from '../../../shared/printable.ts'
import type { Finding, Group, Results } from './finding.ts'

const TITLES: Readonly<Record<Group, string>> = {
  outside: 'From outside',
  inside: 'Inside the Auth0 tenant',
  token: 'The token',
  submission: "OpenAI's review",
}
const MARKS: Readonly<Record<Finding['severity'], string>> = { error: 'x', warning: '!' }
const INDENT = '      '
const HANGING = `${INDENT}       `
const WIDTH = 80
const MAX_ALIKE = 3

/** For machines. `ok` is false when anything is broken. */
export function toJson(url: string, { findings, checked, skipped }: Results): string {
  const ok = !findings.some(({ severity }) => severity === 'error')
  return `${printableJson(JSON.stringify({ url, ok, findings, checked, skipped }, undefined, 2))}\n`
}

/** For people: a table of the checks, then each finding with its fix. */
export function toText(url: string, results: Results): string {
  const groups = (Object.keys(TITLES) as Group[]).map((group) => section(group, results))
  return [`Examined ${url}`, ...groups.filter((text) => text !== ''), verdict(results), ''].join(
    '\n\n',
  )
}

function section(group: Group, results: Results): string {
  const of = <Item extends { readonly group: Group }>(items: readonly Item[]) =>
    items.filter((item) => item.group === group)
  const findings = of(results.findings)
  const checked = of(results.checked)
  const skipped = of(results.skipped)
  if (findings.length + checked.length + skipped.length === 0) return ''
  const width = Math.max(0, ...checked.map(({ name }) => name.length))
  const reasons = Map.groupBy(skipped, ({ reason }) => reason)
  const severe = new Set(
    findings.filter(({ severity }) => severity === 'error').map(({ id }) => id),
  )
  const rows = checked.map(({ name, title, findings: ids }) => {
    const mark = ids.length === 0 ? 'ok' : ids.some((id) => severe.has(id)) ? 'x' : '!'
    const start = `  ${mark.padEnd(3)} ${name.padEnd(width)}  `
    return wrap(
      `${start}${ids.length === 0 ? title : [...new Set(ids)].join(', ')}`,
      ' '.repeat(start.length),
    )
  })
  return [
    TITLES[group],
    ...rows,
    ...[...reasons].map(([reason, checks]) =>
      wrap(`  ?   not checked (${reason}): ${checks.map(({ name }) => name).join(', ')}`),
    ),
    ...together([...findings].sort(bySeverity)).map(describe),
  ].join('\n')
}

/** Findings of one rule at many places as one, so that the report stays readable; `--json` has each. */
function together(findings: readonly Finding[]): readonly Finding[] {
  const rules = Map.groupBy(findings, ({ id, severity }) => `${severity} ${id}`)
  return [...rules.values()].flatMap((same) => {
    const [first] = same
    if (first === undefined || same.length <= MAX_ALIKE) return same
    const seen = `${first.seen}; and ${count(same.length - 1, 'other')}`
    return [{ ...first, seen, where: [...new Set(same.map(({ where }) => where))].join(', ') }]
  })
}

function describe({ id, severity, seen, why, fix, where }: Finding): string {
  const lines = { seen, why, fix, ...(where !== undefined && { where }) }
  return [
    '',
    `  ${MARKS[severity]}   ${id}${severity === 'warning' ? ' (warning)' : ''}`,
    ...Object.entries(lines).map(([name, text]) => wrap(`${INDENT}${`${name}:`.padEnd(7)}${text}`)),
  ].join('\n')
}

function verdict({ findings, checked, skipped }: Results): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  const warnings = findings.length - errors
  const isSubmission = checked.some(({ group }) => group === 'submission')
  const [good, bad] = isSubmission
    ? ['Ready to submit', 'Not ready to submit']
    : ['Healthy', 'Broken']
  const rest = skipped.length === 0 ? '' : ` ${count(skipped.length, 'check')} could not be made.`
  if (findings.length === 0) return `${good}: nothing is wrong.${rest}`
  const kinds = [
    ...(errors === 0 ? [] : [count(errors, 'fault')]),
    ...(warnings === 0 ? [] : [count(warnings, 'warning')]),
  ]
  return `${errors === 0 ? `${good}, with` : `${bad}:`} ${kinds.join(' and ')}.${rest}`
}

function bySeverity(one: Finding, other: Finding): number {
  return Number(one.severity === 'warning') - Number(other.severity === 'warning')
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** Escapes what others wrote and breaks at blanks; what has none, such as a URL, stays whole. Other lines begin with `hanging`. */
function wrap(text: string, hanging = HANGING): string {
  const lines: string[] = []
  let line = ''
  for (const word of printable(text).split(/(?<=\S) /)) {
    if (line !== '' && line.length + word.length + 1 > WIDTH) {
      lines.push(line)
      line = hanging + word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line].join('\n')
}

import { printable, printableJson } from '../../shared/log/printable.ts'
import { quantity } from '../kit/quantity.ts'
import { PLAIN, type Style } from '../kit/style.ts'
import type { Finding, Group, Results } from './check.ts'
import { INDENT, printFields, wrap } from './print-fields.ts'

const TITLES: Readonly<Record<Group, string>> = {
  outside: 'Deployment',
  inside: 'Auth0 tenant',
  token: 'Token',
  submission: "OpenAI's review",
}
const MARKS: Readonly<Record<Finding['severity'], string>> = { error: 'x', warning: '!' }
const MAX_ALIKE = 3

/** Returns the report as JSON. `ok` is false if there is an error. */
export function toJson(url: string, { findings, checked, skipped }: Results): string {
  const ok = !findings.some(({ severity }) => severity === 'error')
  return `${printableJson(JSON.stringify({ url, ok, findings, checked, skipped }, undefined, 2))}\n`
}

/** Returns the report as text: a summary, then each finding with its fix; with `isVerbose` every check. */
export function toText(
  url: string,
  results: Results,
  { isVerbose }: { readonly isVerbose: boolean },
  style: Style = PLAIN,
): string {
  const { checked } = results
  const groups = (Object.keys(TITLES) as Group[]).map((group) =>
    section(group, results, isVerbose, style),
  )
  const isDeployment = checked.some(({ group }) => group === 'outside')
  const scope = isDeployment ? '\nThe backends of the tools were not called.' : ''
  const quiet = checked.filter(({ findings }) => findings.length === 0).length
  return [
    `${outcome(results, style)}\nExamined ${printable(url)}: ${quantity(checked.length, 'check')}.${scope}`,
    ...groups.filter((text) => text !== ''),
    ...(isVerbose || quiet === 0
      ? []
      : [`${quantity(quiet, 'check')} found nothing: --verbose lists them.`]),
    '',
  ]
    .join('\n\n')
    .replace(/\n\n$/, '\n')
}

function section(group: Group, results: Results, isVerbose: boolean, style: Style): string {
  const of = <Item extends { readonly group: Group }>(items: readonly Item[]) =>
    items.filter((item) => item.group === group)
  const findings = of(results.findings)
  const checked = of(results.checked).filter(({ findings: ids }) => isVerbose || ids.length > 0)
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
    const names = [...new Set(ids)]
    const row = wrap(
      `${start}${names.length === 0 ? title : names.join(', ')}`,
      ' '.repeat(start.length),
    )
    return row.replace(mark, colorOf(mark, style))
  })
  return [
    style.bold(TITLES[group]),
    ...rows,
    ...[...reasons].map(([reason, checks]) =>
      isVerbose
        ? wrap(`  ?   skipped (${reason}): ${checks.map(({ name }) => name).join(', ')}`)
        : wrap(`  ?   ${quantity(checks.length, 'check')} skipped: ${reason}`),
    ),
    ...joinAlike([...findings].sort(bySeverity)).map((finding) => describe(finding, style)),
  ].join('\n')
}

/** Merges many findings with one id for readability; `--json` lists each. */
function joinAlike(findings: readonly Finding[]): readonly Finding[] {
  const rules = Map.groupBy(findings, ({ id, severity }) => `${severity} ${id}`)
  return [...rules.values()].flatMap((same) => {
    const [first] = same
    if (first === undefined || same.length <= MAX_ALIKE) return same
    const seen = `${first.seen}; and ${quantity(same.length - 1, 'other')}`
    return [{ ...first, seen, where: [...new Set(same.map(({ where }) => where))].join(', ') }]
  })
}

function describe({ id, severity, title, seen, why, fix, where }: Finding, style: Style): string {
  const lines = { seen, why, fix, ...(where !== undefined && { where }) }
  const color = severity === 'error' ? style.red : style.yellow
  return [
    '',
    color(`  ${MARKS[severity]}   ${id}${severity === 'warning' ? ' (warning)' : ''}`),
    wrap(`${INDENT}${title}`, INDENT),
    ...printFields(lines),
  ].join('\n')
}

function colorOf(mark: string, style: Style): string {
  if (mark === 'ok') return style.green(mark)
  return mark === 'x' ? style.red(mark) : style.yellow(mark)
}

function outcome({ findings, checked, skipped }: Results, style: Style): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  const warnings = findings.length - errors
  const isSubmission = checked.some(({ group }) => group === 'submission')
  const [good, bad] = isSubmission
    ? ['Ready to submit', 'Not ready to submit']
    : ['Healthy', 'Broken']
  const rest = skipped.length === 0 ? '' : ` ${quantity(skipped.length, 'check')} skipped.`
  if (findings.length === 0) return `${style.green(`${good}: no faults found.`)}${rest}`
  const kinds = [
    ...(errors === 0 ? [] : [quantity(errors, 'fault')]),
    ...(warnings === 0 ? [] : [quantity(warnings, 'warning')]),
  ]
  const text = `${errors === 0 ? `${good}, with` : `${bad}:`} ${kinds.join(' and ')}.`
  return `${errors === 0 ? style.yellow(text) : style.red(text)}${rest}`
}

function bySeverity(one: Finding, other: Finding): number {
  return Number(one.severity === 'warning') - Number(other.severity === 'warning')
}

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CONNECT_FAULTS, FORMER_IDS } from '../../../deploy/connect/failure.ts'
import {
  explain,
  FAULTS,
  FAULTS_BY_SUBJECT,
  type FaultId,
} from '../../../deploy/diagnostics/faults/faults.ts'

const IDS = Object.keys(FAULTS) as FaultId[]
/** Example details of faults whose details are not strings. */
const EXAMPLES: Readonly<Partial<Record<FaultId, object>>> = {
  management_api_failing: { statuses: [500] },
  insufficient_scope: {},
}
/** Details whose value is their name in capitals. */
const PLACEHOLDERS = new Proxy(
  {},
  { get: (_, name) => String(name).replaceAll(/[A-Z]/g, '_$&').toUpperCase() },
)
/** The texts of a fault, with its defaults or with example details. */
const explained = (id: FaultId) => {
  const plain = EXAMPLES[id] ?? (takesDetails(id) ? PLACEHOLDERS : {})
  return explain(id, plain)
}

function takesDetails(id: FaultId): boolean {
  const { why, fix } = explain(id, EXAMPLES[id])
  return `${why} ${fix}`.includes('undefined')
}

test('every fault id belongs to exactly one subject', () => {
  const ids = Object.values(FAULTS_BY_SUBJECT).flatMap((faults) => Object.keys(faults))
  expect(ids.toSorted()).toEqual([...new Set(ids)].toSorted())
  expect(ids.toSorted()).toEqual(IDS.toSorted())
})

describe.each(IDS)('the fault %s', (id) => {
  const { title, why, fix } = explained(id)

  test('has a title that states a condition', () => {
    expect(title).toMatch(/^\S+ .*[^.]$/)
    expect(title.length).toBeLessThanOrEqual(100)
  })

  test('has a cause and a fix in full sentences', () => {
    for (const text of [why, fix]) {
      expect(text).toMatch(/^[A-Z\d"]|^(?:log-webhook|provision|doctor|offline_access) /)
      expect(text).toMatch(/\.$/)
      expect(text).not.toMatch(/undefined|\.\.|\b(?:whoever|nobody|meanwhile|anybody)\b/)
    }
  })
})

test('every reason of the token verifier in the gateway has a fault', () => {
  const sources = ['access-token', 'claims'].map((name) =>
    readFileSync(new URL(`../../../shared/oauth/${name}.ts`, import.meta.url), 'utf8'),
  )
  const reasons = sources.flatMap((source) =>
    [
      ...source.matchAll(
        /'((?:[a-z\d]+_)+(?:malformed|missing|mismatch|unknown|invalid|unexpected|canonical|understood|rs256|expired|long|bound|future))'/g,
      ),
    ].map(([, reason = '']) => reason),
  )
  expect(reasons.length).toBeGreaterThan(15)
  const isKnown = (reason: string) => IDS.some((id) => id === reason || id === `token_${reason}`)
  expect(reasons.filter((reason) => !isKnown(reason))).toEqual([])
})

test('no former id of connect is a current id of connect', () => {
  const { mcp_failing: _, ...former } = FORMER_IDS
  const current: readonly string[] = CONNECT_FAULTS
  expect(Object.values(former).filter((id) => current.includes(id))).toEqual([])
})

test('docs/faults.md is generated from the table of faults (update it with vitest -u)', async () => {
  await expect(documentation()).toMatchFileSnapshot('../../../docs/faults.md')
})

function documentation(): string {
  const sections = Object.entries(FAULTS_BY_SUBJECT).map(([subject, faults]) =>
    [
      `## ${subject}`,
      '',
      '| id | condition | fix |',
      '| --- | --- | --- |',
      ...Object.keys(faults).map((id) => row(id as FaultId)),
      '',
    ].join('\n'),
  )
  const former = Object.entries(FORMER_IDS).map(([id, old]) => `| \`${old}\` | \`${id}\` |`)
  return [
    '# Faults',
    '',
    'Every fault that `npm run doctor` and `npm run connect` report, by its id. The commands also print what they saw, the cause, and the fix with the values of the deployment. The ids are stable; `--json` has them as `id`.',
    '',
    ...sections,
    '## Former ids',
    '',
    '`npm run connect -- --json` has the id that a fault had in earlier releases as `formerly`, for one release. `protocol` is both a former id and an id: what is now `mcp_failing` had the same id before.',
    '',
    '| formerly | id |',
    '| --- | --- |',
    ...former,
    '',
  ].join('\n')
}

function row(id: FaultId): string {
  const { title, severity, fix } = explained(id)
  const mark = severity === 'warning' ? ' (warning)' : ''
  return `| \`${id}\`${mark} | ${escaped(title)} | ${escaped(fix)} |`
}

function escaped(text: string): string {
  return text.replaceAll(/[|*<]/g, (character) => `\\${character}`)
}

import { expect } from 'vitest'
import { LOG_WEBHOOK_SECRET } from '../http/front.ts'
import { type DoctorReport, idsOf } from './doctor.ts'
import type { Change, Variables } from './doctor-tenant.ts'
import { MANAGEMENT } from './recorded-emulator.ts'

/** A tenant, and the ids of doctor's findings about it. */
export interface Case {
  readonly name: string
  readonly change: Change
  readonly env?: Variables
  readonly args?: readonly string[]
  readonly errors?: readonly string[]
  readonly warnings?: readonly string[]
}

/** A fault as the rest of a sentence, the tenant that has it, and the ids of doctor's findings. */
export type FaultRow = readonly [name: string, change: Change, ids: readonly string[]]

/** Rows for `test.each`, with the name first for `%s` in the title; `$name` would show it in quotes. */
export function byName(cases: readonly Case[]): [string, Case][] {
  return cases.map((one) => [one.name, one])
}

/** Expects exactly the findings of a case, each with every text, and no secret in the report. */
export function expectFindings(report: DoctorReport, { errors = [], warnings = [] }: Case): void {
  const ids = (severity: string) =>
    idsOf({ findings: report.findings.filter((finding) => finding.severity === severity) })
  expect({ errors: ids('error'), warnings: ids('warning') }).toEqual({ errors, warnings })
  expectExplained(report)
}

/** Expects the findings with exactly these ids, each with every text, and no secret in the report. */
export function expectIds(report: DoctorReport, ids: readonly string[]): void {
  expect(idsOf(report)).toEqual(ids)
  expectExplained(report)
}

/** Expects every text in each finding, and no secret in the report. */
function expectExplained(report: DoctorReport): void {
  for (const { fix, why, seen, where, group } of report.findings) {
    expect(group).toBe('inside')
    expect(Math.min(fix.length, why.length, seen.length)).toBeGreaterThan(10)
    expect(where).toMatch(/^Auth0 dashboard: /)
  }
  expectNoSecret(report)
}

export function expectNoSecret(report: DoctorReport): void {
  const text = JSON.stringify(report)
  expect(text).not.toContain(LOG_WEBHOOK_SECRET)
  expect(text).not.toContain(MANAGEMENT.clientSecret)
}

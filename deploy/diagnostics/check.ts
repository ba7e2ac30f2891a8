import type { Severity } from './faults/fault.ts'
import { explain, type Observed } from './faults/faults.ts'

/** One detected fault with its texts. Contains no token, secret or body. */
export interface Finding {
  /** Stable id of the fault. */
  readonly id: string
  readonly severity: Severity
  /** The condition. */
  readonly title: string
  /** What was observed. */
  readonly seen: string
  /** The cause and its effect. */
  readonly why: string
  /** The command or setting that corrects it. */
  readonly fix: string
  /** The affected URL or path in Auth0's dashboard. */
  readonly where?: string | undefined
}

/** What is examined: the deployment from outside, the tenant from inside, a token, a submission. */
export type Group = 'outside' | 'inside' | 'token' | 'submission'

/** The result of a check: the detected faults, or why it was skipped. */
export type CheckOutcome = readonly Observed[] | Skipped

export interface Skipped {
  readonly skipped: string
}

/** One check of an observation. Pure: it sends no request and reads no clock. */
export interface Check<Observation> {
  readonly name: string
  /** The condition that holds if the check finds nothing. */
  readonly title: string
  readonly run: (observation: Observation) => CheckOutcome
}

/** The results of all checks of a group. */
export interface Results {
  readonly findings: readonly (Finding & { readonly group: Group })[]
  /** Every check that was run. */
  readonly checked: readonly CheckResult[]
  readonly skipped: readonly SkippedCheck[]
}

export interface CheckResult {
  readonly group: Group
  readonly name: string
  readonly title: string
  /** Ids of the detected faults. */
  readonly findings: readonly string[]
}

export interface SkippedCheck {
  readonly group: Group
  readonly name: string
  readonly title: string
  readonly reason: string
}

export const NO_RESULTS: Results = { findings: [], checked: [], skipped: [] }

/** Runs every check, in order. */
export function runChecks<Observation>(
  group: Group,
  checks: readonly Check<Observation>[],
  observation: Observation,
): Results {
  return mergeResults(
    checks.map(({ name, title, run }) => toResults(group, name, title, run(observation))),
  )
}

/** Returns results with every check skipped; `found` is the fault that prevents them. */
export function skipAll(
  group: Group,
  checks: readonly Pick<Check<never>, 'name' | 'title'>[],
  reason: string,
  found: readonly Observed[] = [],
): Results {
  return {
    findings: found.map((one) => ({ group, ...toFinding(one) })),
    checked: [],
    skipped: checks.map(({ name, title }) => ({ group, name, title, reason })),
  }
}

export function mergeResults(results: readonly Results[]): Results {
  return {
    findings: results.flatMap(({ findings }) => findings),
    checked: results.flatMap(({ checked }) => checked),
    skipped: results.flatMap(({ skipped }) => skipped),
  }
}

function toResults(group: Group, name: string, title: string, outcome: CheckOutcome): Results {
  if ('skipped' in outcome) {
    return { ...NO_RESULTS, skipped: [{ group, name, title, reason: outcome.skipped }] }
  }
  return {
    ...NO_RESULTS,
    findings: outcome.map((observed) => ({ group, ...toFinding(observed) })),
    checked: [{ group, name, title, findings: outcome.map(({ id }) => id) }],
  }
}

function toFinding({ id, seen, severity, where, details }: Observed): Finding {
  const texts = explain(id, details)
  return {
    id,
    severity: severity ?? texts.severity,
    title: texts.title,
    seen,
    why: texts.why,
    fix: texts.fix,
    where: where ?? texts.where,
  }
}

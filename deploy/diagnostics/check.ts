import type { Severity } from './faults/fault.ts'
import { explain, type Observed } from './faults/faults.ts'

/** One fault that was found, with its texts. Holds no token, secret or body. */
export interface Finding {
  /** Stable name of the fault, for machines. */
  readonly id: string
  readonly severity: Severity
  /** The condition. */
  readonly title: string
  /** What was observed. */
  readonly seen: string
  /** The cause, and what follows from it. */
  readonly why: string
  /** The command or setting that mends it. */
  readonly fix: string
  /** The URL or the place in Auth0's dashboard that it is about. */
  readonly where?: string | undefined
}

/** What is examined: the deployment from outside, the tenant from inside, a token, a submission. */
export type Group = 'outside' | 'inside' | 'token' | 'submission'

/** What a check returns: the faults that it found, or why it could not be made. */
export type Verdict = readonly Observed[] | Skipped

export interface Skipped {
  readonly skipped: string
}

/** One check of what was observed. Pure: it makes no request and reads no clock. */
export interface Check<Observation> {
  readonly name: string
  /** The condition that holds when nothing is found. */
  readonly title: string
  readonly run: (observation: Observation) => Verdict
}

/** The results of all checks of a group. */
export interface Results {
  readonly findings: readonly (Finding & { readonly group: Group })[]
  /** Every check that could be made, whatever it found. */
  readonly checked: readonly CheckResult[]
  readonly skipped: readonly SkippedCheck[]
}

export interface CheckResult {
  readonly group: Group
  readonly name: string
  readonly title: string
  /** Ids of what it found. */
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

/** The results where none of these checks could be made; with `found`, the fault that prevents them. */
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

function toResults(group: Group, name: string, title: string, verdict: Verdict): Results {
  if ('skipped' in verdict) {
    return { ...NO_RESULTS, skipped: [{ group, name, title, reason: verdict.skipped }] }
  }
  return {
    ...NO_RESULTS,
    findings: verdict.map((observed) => ({ group, ...toFinding(observed) })),
    checked: [{ group, name, title, findings: verdict.map(({ id }) => id) }],
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

/** One thing that is wrong, and how to mend it. Holds no token, secret or body. */
export interface Finding {
  /** Stable name of the fault, for machines. */
  readonly id: string
  /** `error` = something does not work or is not safe; `warning` = it will, or might. */
  readonly severity: 'error' | 'warning'
  /** What was observed. */
  readonly seen: string
  /** Why it matters. */
  readonly why: string
  /** The exact command or setting that mends it. */
  readonly fix: string
  /** The URL or the place in Auth0's dashboard that it is about. */
  readonly where?: string | undefined
}

export type Group = 'outside' | 'inside' | 'token' | 'submission'

/** What a check says: its findings, none when all is well, or why it could not tell. */
export type Verdict = readonly Finding[] | Skipped

export interface Skipped {
  readonly skipped: string
}

/** One check of what was observed. Pure: it makes no request and reads no clock. */
export interface Check<Seen> {
  readonly name: string
  /** What is right when nothing is found, as people read it. */
  readonly title: string
  readonly run: (seen: Seen) => Verdict
}

/** What all checks of a group have said. */
export interface Results {
  readonly findings: readonly (Finding & { readonly group: Group })[]
  /** Everything that could be checked, whatever came of it. */
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

/** Asks every check, in order. */
export function runChecks<Seen>(group: Group, checks: readonly Check<Seen>[], seen: Seen): Results {
  return mergeResults(
    checks.map(({ name, title, run }) => toResults(group, name, title, run(seen))),
  )
}

/** None of these checks could be asked. */
export function skipAll(
  group: Group,
  checks: readonly Pick<Check<never>, 'name' | 'title'>[],
  reason: string,
): Results {
  return mergeResults(
    checks.map(({ name, title }) => toResults(group, name, title, { skipped: reason })),
  )
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
    findings: verdict.map((finding) => ({ group, ...finding })),
    checked: [{ group, name, title, findings: verdict.map(({ id }) => id) }],
  }
}

export function fault(finding: Omit<Finding, 'severity'>): Finding {
  return { ...finding, severity: 'error' }
}

export function warning(finding: Omit<Finding, 'severity'>): Finding {
  return { ...finding, severity: 'warning' }
}

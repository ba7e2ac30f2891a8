/** Failures that pass by themselves: what was just made or changed is not known everywhere yet. */
const PASSING: readonly RegExp[] = [
  /service account .* does not exist/is,
  /has not been used in project .* or it is disabled/is,
  // A new service account, before the deployer's role on it is known.
  /iam\.serviceaccounts\.actAs/i,
  // The repository that the first build in a region makes.
  /failed to fetch metadata .*gcf-artifacts|gcf-artifacts.*(?:not found|metadata|permission)/is,
  // Two changes of one policy at the same time.
  /concurrent policy changes|ABORTED.*policy|policy.*\b409\b|\b409\b.*policy/is,
  // The function, or the service behind it, is being changed by another deployment.
  /unable to queue the operation/i,
]

/** True when a command that failed with these words may succeed a little later. */
export function passes(stderr: string): boolean {
  return PASSING.some((pattern) => pattern.test(stderr))
}

/** Transient errors: a recent change has not yet propagated in Google Cloud. */
const TRANSIENT: readonly RegExp[] = [
  /service account .* does not exist/is,
  /has not been used in project .* or it is disabled/is,
  // A new service account, before the deployer's role on it has propagated.
  /iam\.serviceaccounts\.actAs/i,
  // The repository that the first build in a region creates.
  /failed to fetch metadata .*gcf-artifacts|gcf-artifacts.*(?:not found|metadata|permission)/is,
  // Concurrent changes of one policy.
  /concurrent policy changes|ABORTED.*policy|policy.*\b409\b|\b409\b.*policy/is,
  // Another deployment is changing the function or its service.
  /unable to queue the operation/i,
]

/** Returns whether a command with this error output may succeed when it is retried. */
export function isTransient(stderr: string): boolean {
  return TRANSIENT.some((pattern) => pattern.test(stderr))
}

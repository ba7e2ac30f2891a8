import type { ManagementFetchOptions } from '../../shared/auth0/management-fetch.ts'

/** Time limits of a command's Management API calls: a command may wait longer than a function. */
export const OPERATOR_TIMEOUTS: ManagementFetchOptions = {
  attemptTimeoutMs: 15_000,
  callTimeoutMs: 120_000,
  maxAttempts: 6,
}

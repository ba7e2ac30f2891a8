import type { ManagementFetchOptions } from '../../shared/auth0/management-fetch.ts'

/** How a command calls the Management API: an operator waits longer than a function may. */
export const OPERATOR_TIMEOUTS: ManagementFetchOptions = {
  attemptTimeoutMs: 15_000,
  callTimeoutMs: 120_000,
  maxAttempts: 6,
}

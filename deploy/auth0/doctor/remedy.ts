/** Answers of the Management API that are about the caller, not about Auth0's health. */
const REMEDIES: Readonly<Record<number, string>> = {
  402: "see in the dashboard what the tenant's plan includes",
  403: "see in the dashboard what the tenant's plan includes",
  429: 'wait a minute, let no other command run, then run doctor again',
}
const WAIT = 'wait for Auth0: https://status.auth0.com'

/** What to do about an answer that is neither about a token nor about a scope. */
export function remedyFor(status: number | undefined): string {
  return REMEDIES[status ?? 0] ?? WAIT
}

/** The same for the first call, at which the address may be wrong as well. */
export function firstRemedyFor(status: number | undefined): string {
  const check = 'check MGMT_DOMAIN (TENANT.REGION.auth0.com, not a custom domain); if it is right,'
  return REMEDIES[status ?? 0] ?? `${check} ${WAIT}`
}

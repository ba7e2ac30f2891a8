import type { CauseId } from './causes.ts'

const REFUSALS: readonly (readonly [RegExp, CauseId])[] = [
  [/no connections enabled/i, 'no_connection'],
  [/(rules|hooks) are active/i, 'rules_or_hooks'],
  [/not all requested permissions|invalid_scope/i, 'scopes_refused'],
  [/not authorized to access|client grant|unauthorized_client/i, 'no_grant'],
  [/service not found|invalid_target/i, 'unknown_audience'],
  [/unknown client|invalid_client/i, 'client_unknown'],
  [/too many|rate.?limit/i, 'rate_limited'],
  [/callback|redirect/i, 'redirect_uri_refused'],
  [/access_denied/i, 'access_denied'],
]

/** The cause that an error of the authorization server stands for; `otherwise` when it is not known. */
export function causeOfRefusal(refusal: string, otherwise: CauseId): CauseId {
  return REFUSALS.find(([pattern]) => pattern.test(refusal))?.[1] ?? otherwise
}

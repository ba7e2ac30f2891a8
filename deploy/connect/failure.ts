import { type Explanation, explain, type PlainFaultId } from '../diagnostics/faults/faults.ts'

/** The faults that `npm run connect` detects, in the order in which they can occur. */
export const CONNECT_FAULTS = [
  ...['url_unreachable', 'post_redirected', 'mcp_missing', 'mcp_failing'],
  ...['rewrite_returns_html', 'unauthenticated_allowed', 'challenge_resource_metadata_wrong'],
  ...['metadata_missing', 'resource_mismatch'],
  ...['issuer_unreachable', 'issuer_mismatch', 'pkce_s256_missing'],
  ...['registration_endpoint_missing', 'registration_closed', 'redirect_uri_refused'],
  ...['rate_limited', 'application_limit_reached', 'registration_unavailable'],
  ...['registration_refused', 'callback_port_in_use', 'redirect_uri_not_covered', 'not_dynamic'],
  ...['policy_observes', 'webhook_failed', 'webhook_silent', 'no_connection'],
  ...['client_grant_missing', 'api_missing', 'client_unknown', 'cimd_client_missing'],
  ...['rules_active', 'hooks_active', 'scopes_refused', 'not_admitted', 'wrong_password'],
  ...['access_denied', 'sign_in_refused', 'sign_in_timed_out', 'state_mismatch'],
  ...['issuer_in_answer', 'issuer_not_in_answer', 'token_refused', 'ACCESS_TOKEN_IS_OPAQUE'],
  ...['ACCESS_TOKEN_IS_ENCRYPTED_JWE', 'token_alg_not_rs256', 'token_aud_mismatch'],
  ...['token_iss_mismatch', 'token_expired', 'gateway_keys_unavailable', 'token_rejected'],
  ...['insufficient_scope', 'calls_limited', 'protocol', 'no_tools', 'tool_failed'],
] as const satisfies readonly PlainFaultId[]

export type ConnectFaultId = (typeof CONNECT_FAULTS)[number]

/** Former ids of faults, from before `npm run connect` shared its table with doctor. */
export const FORMER_IDS: Readonly<Partial<Record<ConnectFaultId, string>>> = {
  url_unreachable: 'unreachable',
  post_redirected: 'redirected',
  mcp_missing: 'not_found',
  mcp_failing: 'protocol',
  rewrite_returns_html: 'html',
  metadata_missing: 'no_protected_resource',
  issuer_unreachable: 'no_authorization_server',
  pkce_s256_missing: 'no_s256',
  registration_endpoint_missing: 'no_registration_endpoint',
  application_limit_reached: 'too_many_clients',
  client_grant_missing: 'no_grant',
  api_missing: 'unknown_audience',
  cimd_client_missing: 'metadata_document_unknown',
  rules_active: 'rules_or_hooks',
  hooks_active: 'rules_or_hooks',
  token_alg_not_rs256: 'token_algorithm',
  token_aud_mismatch: 'token_audience',
  token_iss_mismatch: 'token_issuer',
  gateway_keys_unavailable: 'gateway_unavailable',
}

/** Maps error messages of the authorization server to faults. */
const FAULT_OF_REFUSAL: readonly (readonly [RegExp, ConnectFaultId])[] = [
  [/no connections enabled/i, 'no_connection'],
  [/rules are active/i, 'rules_active'],
  [/hooks are active/i, 'hooks_active'],
  [/not all requested permissions|invalid_scope/i, 'scopes_refused'],
  [/not authorized to access|client grant|unauthorized_client/i, 'client_grant_missing'],
  [/service not found|invalid_target/i, 'api_missing'],
  [/unknown client|invalid_client/i, 'client_unknown'],
  [/too many|rate.?limit/i, 'rate_limited'],
  [/callback|redirect/i, 'redirect_uri_refused'],
  [/access_denied/i, 'access_denied'],
]

/** A failed step; the message states what was observed. */
export class StepError extends Error {
  override readonly name = 'StepError'
  readonly id: ConnectFaultId
  /** The scopes in an insufficient_scope challenge. */
  readonly scopes: readonly string[]
  /** Values for the texts of the fault. */
  readonly details: object

  constructor(
    id: ConnectFaultId,
    seen: string,
    { scopes = [], details = {} }: Partial<Pick<StepError, 'scopes' | 'details'>> = {},
  ) {
    super(seen)
    this.id = id
    this.scopes = scopes
    this.details = details
  }

  get explanation(): Explanation {
    return explain(this.id, this.details)
  }
}

/** Returns the fault for an error of the authorization server; `otherwise` if it is unknown. */
export function faultOfRefusal(refusal: string, otherwise: ConnectFaultId): ConnectFaultId {
  return FAULT_OF_REFUSAL.find(([pattern]) => pattern.test(refusal))?.[1] ?? otherwise
}

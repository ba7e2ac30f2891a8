import { ADVANCED, APIS, APPLY, type Faults } from './fault.ts'

type Expected = { readonly audience?: string }

const API = `${APIS} > the API`
const NEW_TOKEN =
  'Get a new token: disconnect and connect again in ChatGPT, or run npm run connect.'
const COPY = `Copy the whole token unchanged. If that does not help, get a new token: disconnect and connect again in ChatGPT, or run npm run connect.`
const NO_API_NAMED = ({ audience = 'OAUTH_AUDIENCE' }: Expected) =>
  `Run ${APPLY}, which sets resource_parameter_profile to compatibility, and request the token with resource or audience = ${audience}.`
const MALFORMED = {
  severity: 'error',
  why: 'The token does not have the form that RFC 7519 and RFC 9068 require.',
  fix: COPY,
} as const
const CLOCKS = {
  why: 'The clocks of the issuer and of this machine differ by more than 5 s, or the token is for later use.',
  fix: 'Set the clock: timedatectl set-ntp true. Otherwise wait.',
} as const

/** What is missing: RBAC, a permission of the user, or a scope of the client's grant. */
export type Missing = 'rbac' | 'permission' | 'scope' | 'unknown'

interface Details {
  readonly missing?: Missing
  /** Separated by spaces. */
  readonly scopes?: string
}

const CONNECT_AGAIN = 'then connect again'
const MISSING: Readonly<
  Record<Missing, { readonly why: string; readonly fix: string; readonly where: string }>
> = {
  rbac: {
    why: 'The token has no permissions, so RBAC is off for the API. Its scope lacks the required scopes too: the client did not request them, or its grant does not include them.',
    fix: `Run ${APPLY}, which enables RBAC, adds permissions to the token and gives the clients their grants; ${CONNECT_AGAIN}.`,
    where: `${API} > Settings > RBAC Settings (Enable RBAC, Add Permissions in the Access Token)`,
  },
  permission: {
    why: 'The user does not have the permission',
    fix: `If the user should have the permission, assign it or a role that includes it in the dashboard; ${CONNECT_AGAIN}.`,
    where: 'Auth0 dashboard: User Management > Users > the user > Permissions',
  },
  scope: {
    why: 'The user has the permission, but the client was not granted',
    fix: `Run ${APPLY}, which adds the scopes to the client grants, then disconnect and connect again in ChatGPT. SCOPE_SOURCE=scope-or-permissions treats permissions as granted scopes, which gives clients more access than the user granted.`,
    where: 'Auth0 dashboard: Applications > Applications > the client > APIs',
  },
  unknown: {
    why: 'The user lacks a permission, or the client was not granted a scope that the tool requires.',
    fix: `If the token has no permissions, assign the user a role. If it has them, the client grant lacks the scope: run ${APPLY}. Then connect again.`,
    where: 'Auth0 dashboard: User Management > Roles',
  },
}

function whyMissing({ missing = 'unknown', scopes = '' }: Details): string {
  const { why } = MISSING[missing]
  if (missing === 'permission') return `${why} ${scopes}.`
  if (missing !== 'scope') return why
  return `${why} ${scopes}: it did not request it (ChatGPT drops scopes when it reconnects), or its client grant lacks it. A permission alone does not grant access.`
}

/** Why the gateway rejects a token. */
export const TOKEN_FAULTS = {
  ACCESS_TOKEN_IS_ENCRYPTED_JWE: {
    title: 'The token is encrypted',
    severity: 'error',
    why: 'Auth0 issues an encrypted token if the request does not name a known API, or if token encryption is on for the API. Only Auth0 can read it.',
    fix: NO_API_NAMED,
    where: `${ADVANCED} > Resource Parameter Compatibility Profile`,
  },
  ACCESS_TOKEN_IS_OPAQUE: {
    title: 'The token is opaque',
    severity: 'error',
    why: 'Auth0 issues an opaque token, which only /userinfo accepts, if the request does not name a known API.',
    fix: NO_API_NAMED,
    where: `${ADVANCED} > Resource Parameter Compatibility Profile`,
  },
  token_alg_not_rs256: {
    title: 'The token is not signed with RS256',
    severity: 'error',
    why: 'The gateway accepts RS256 only: HS256 requires a secret that it must not have, and a token with alg none has no signature.',
    fix: `Run ${APPLY}, which sets signing_alg of the API to RS256. Then get a new token.`,
    where: `${API} > Settings > Signing Algorithm`,
  },
  token_typ_unexpected: {
    title: 'The JWT is not an access token',
    severity: 'error',
    why: 'Access tokens have typ at+jwt (RFC 9068 s2.1), or JWT at Auth0.',
    fix: 'Send the access_token of the token response, not its id_token or a logout token.',
  },
  token_kid_missing: {
    title: 'The token header has no kid',
    severity: 'error',
    why: 'The gateway selects the key by its kid.',
    fix: `${COPY} Auth0 sets a kid on every token.`,
  },
  token_kid_unknown: {
    title: 'The issuer has no key with the kid of the token',
    severity: 'error',
    why: 'Another tenant signed the token, or its key has been revoked.',
    fix: `${NEW_TOKEN} Check that OAUTH_ISSUER is the tenant that issued it.`,
    where: 'Auth0 dashboard: Settings > Signing Keys',
  },
  token_signature_invalid: {
    title: 'The signature of the token is invalid',
    severity: 'error',
    why: 'The token was altered or truncated, or another party created it.',
    fix: COPY,
  },
  token_iss_mismatch_slash: {
    title: 'The iss of the token differs by a trailing slash',
    severity: 'error',
    why: 'The gateway compares issuers exactly, and Auth0 issuers end in a slash.',
    fix: ({ issuer }: { readonly issuer: string }) =>
      `Set OAUTH_ISSUER to ${issuer} in .env.yaml, then run npm run deploy.`,
  },
  token_iss_mismatch: {
    title: 'The token is from another issuer',
    severity: 'error',
    why: 'Another tenant issued the token, or another domain of this tenant: a custom domain is a separate issuer.',
    fix: 'Set OAUTH_ISSUER to the issuer at which clients sign in, in .env.yaml, then run npm run deploy. Or sign in at the expected issuer.',
  },
  token_is_id_token: {
    title: 'The token is an ID token',
    severity: 'error',
    why: 'An ID token tells the client which user signed in. It gives no access to an API.',
    fix: 'Send the access_token of the token response, not the id_token.',
  },
  token_aud_mismatch: {
    title: 'The token is for another API',
    severity: 'error',
    why: ({ difference = '' }: { readonly difference?: string } & Expected) =>
      `The gateway compares aud exactly${difference === '' ? '' : `, and here ${difference} differs`}.`,
    fix: ({ audience = 'OAUTH_AUDIENCE' }: { readonly difference?: string } & Expected) =>
      `Use the same value as OAUTH_AUDIENCE, as identifier of the API and as resource of the clients. Clear a default audience of the tenant. Then run ${APPLY} and request the token with resource or audience = ${audience}.`,
    where: `${API} > Identifier`,
  },
  token_expired: {
    title: 'The token has expired',
    severity: 'error',
    why: 'Clients get a new token by their refresh token. Without offline access they cannot.',
    fix: `${NEW_TOKEN} If that happens whenever a token expires (after 24 hours by default), run ${APPLY} to allow offline access for the API. Check the clock of this machine.`,
    where: `${API} > Allow Offline Access, Token Expiration`,
  },
  token_nbf_in_future: { title: 'The token is not valid yet (nbf)', severity: 'error', ...CLOCKS },
  token_iat_in_future: {
    title: 'The token was issued in the future (iat)',
    severity: 'error',
    ...CLOCKS,
  },
  token_exp_missing: {
    title: 'The token has no exp',
    severity: 'error',
    why: 'It would never expire, and RFC 9068 s2.2 requires exp.',
    fix: `${NEW_TOKEN} Auth0 sets exp on every token.`,
  },
  token_is_bound: {
    title: 'The token is bound to a key of the client (DPoP or mTLS)',
    severity: 'error',
    why: 'A token with cnf must not be accepted as a bearer token (RFC 7800).',
    fix: `Run ${APPLY}, which turns proof of possession off for the API. Then get a new token.`,
    where: `${API} > Settings > Token Sender-Constraining`,
  },
  token_sub_malformed: {
    title: 'The token has no valid user (sub)',
    severity: 'error',
    why: 'The gateway cannot identify the caller to the tools.',
    fix: `${NEW_TOKEN} Look for an Action that changes sub.`,
    where: 'Auth0 dashboard: Actions > Triggers > post-login',
  },
  org_id_missing: {
    title: 'The token has no org_id',
    severity: 'error',
    why: 'The user signed in without an organization, and Auth0 adds org_id only to tokens of an organization sign-in.',
    fix: 'Make the login prompt of the client ask for the organization (npm run provision -- --organization ID --apply lets third-party clients use it), then connect again. Or unset OAUTH_ORGANIZATION.',
    where: 'Auth0 dashboard: Organizations > the organization > Settings',
  },
  org_id_mismatch: {
    title: 'The token is for another organization',
    severity: 'error',
    why: 'The user signed in to an organization that OAUTH_ORGANIZATION does not allow.',
    fix: 'Sign in to an allowed organization. Or add this one to OAUTH_ORGANIZATION in .env.yaml, then run npm run deploy -- gateway.',
    where: 'Auth0 dashboard: Organizations',
  },
  insufficient_scope: {
    title: 'The token lacks scopes that tools require',
    severity: 'error',
    why: whyMissing,
    fix: ({ missing = 'unknown' }: Details) => MISSING[missing].fix,
    where: ({ missing = 'unknown' }: Details) => MISSING[missing].where,
  },
  token_base64url_malformed: { title: 'The token is not base64url', ...MALFORMED },
  token_header_malformed: { title: 'The header of the token is not a JSON object', ...MALFORMED },
  token_payload_malformed: { title: 'The payload of the token is not a JSON object', ...MALFORMED },
  token_crit_not_understood: { title: 'The header of the token has crit', ...MALFORMED },
  token_signature_not_canonical: {
    title: 'The signature of the token is not canonical base64url',
    ...MALFORMED,
  },
  token_too_long: { title: 'The token is too long', ...MALFORMED },
  token_aud_malformed: { title: 'The aud of the token is malformed', ...MALFORMED },
  token_exp_malformed: { title: 'The exp of the token is malformed', ...MALFORMED },
  token_nbf_malformed: { title: 'The nbf of the token is malformed', ...MALFORMED },
  token_iat_malformed: { title: 'The iat of the token is malformed', ...MALFORMED },
  token_scope_malformed: { title: 'The scope of the token is malformed', ...MALFORMED },
  token_permissions_malformed: {
    title: 'The permissions of the token are malformed',
    ...MALFORMED,
  },
  token_malformed: { title: 'The token is malformed', ...MALFORMED },
} as const satisfies Faults

import { type Causes, DOCTOR, LET_LOOPBACK_IN, PROVISION } from './cause.ts'

/** Why a sign-in yields no token, or one that the gateway does not accept. */
export const SIGN_IN_CAUSES = {
  wrong_password: {
    cause: 'The sign-in form refused the user name or the password.',
    fix: 'Use --user and --password. The local tenant has alice@example.com with the password "password".',
  },
  access_denied: {
    cause: 'The user declined, or a policy of the tenant denied access.',
    fix: "Connect again and accept on the consent page. If no consent page appeared, the tenant's logs name the Action or policy that denied access.",
  },
  sign_in_refused: {
    cause: 'The sign-in ended with an error.',
    fix: `See the tenant's logs, which name the user and the reason, and run ${DOCTOR}.`,
  },
  sign_in_timed_out: {
    cause: 'The sign-in was not completed in time (5 minutes).',
    fix: `Open the URL above in a browser on this machine. An error page there names the reason. After a decline (access_denied) Auth0 shows that page and does not answer a strict third-party client: connect again and accept. For a refused redirect URI or client: ${LET_LOOPBACK_IN}.`,
  },
  state_mismatch: {
    cause: 'The authorization response does not belong to this request.',
    fix: 'Try again, in one browser window.',
  },
  issuer_in_answer: {
    cause:
      'The iss of the authorization response is not the issuer of the metadata (RFC 9207), so clients refuse the response.',
    fix: 'With AUTH_SERVER_METADATA=curated: set it to issuer, because the tenant sends its own iss. Otherwise set OAUTH_ISSUER to the issuer that the tenant sends; with a custom domain it is that domain.',
  },
  issuer_not_in_answer: {
    cause:
      'The metadata advertises authorization_response_iss_parameter_supported, but the authorization response has no iss (RFC 9207), so clients refuse the response.',
    fix: "Serve the tenant's own metadata: a proxy or cache must not change it. If the tenant's setting is on and iss is still missing, turn the setting off; ChatGPT then uses a redirect URI per connector.",
  },
  token_refused: {
    cause: 'The token endpoint refused the code.',
    fix: `See the tenant's logs for a failed exchange (feacft), and run ${DOCTOR}.`,
  },
  ACCESS_TOKEN_IS_OPAQUE: {
    cause: 'Auth0 issued an opaque token, because the request did not name this API.',
    fix: `Turn on the resource parameter compatibility profile: ${PROVISION}.`,
  },
  ACCESS_TOKEN_IS_ENCRYPTED_JWE: {
    cause: 'Auth0 issued an encrypted token, which this system cannot read.',
    fix: 'Turn off token encryption for the API (Auth0 dashboard > Applications > APIs).',
  },
  token_algorithm: {
    cause: 'The token is not signed with RS256.',
    fix: `Set the API's signing algorithm to RS256: ${PROVISION}.`,
  },
  token_audience: {
    cause: 'The token is for another API.',
    fix: 'Set OAUTH_AUDIENCE to the identifier of the API in Auth0 exactly. If the tenant has a default audience, remove it or set it to this API (Auth0 dashboard > Settings > General).',
  },
  token_issuer: {
    cause: 'The issuer of the token is not the one in the metadata.',
    fix: 'Set OAUTH_ISSUER to the iss above; with a custom domain it is that domain.',
  },
  token_expired: {
    cause: 'The token expired before it was used.',
    fix: "Set the clock of this machine, and the API's token lifetime to more than a minute.",
  },
} as const satisfies Causes

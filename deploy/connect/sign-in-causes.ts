import { type Causes, DOCTOR, LET_LOOPBACK_IN, PROVISION } from './cause.ts'

/** Why a sign-in brings no token, or one that is of no use. */
export const SIGN_IN_CAUSES = {
  wrong_password: {
    cause: 'The sign-in form refused the user name or the password.',
    fix: 'Give others: --user alice@example.com --password password are those of the local tenant.',
  },
  access_denied: {
    cause: 'The user declined, or a rule of the tenant denied the access.',
    fix: "Accept on the consent page; if there was none, the tenant's logs name the Action or policy that denied it.",
  },
  sign_in_refused: {
    cause: 'The sign-in ended with an error.',
    fix: `See the tenant's logs: they name the user and the reason. ${DOCTOR}.`,
  },
  sign_in_timed_out: {
    cause: 'Nobody came back from the sign-in in time (5 minutes).',
    fix: `Open the URL above in a browser on this machine. If it ends on an error page, that names the reason; of a refused redirect URI or client: ${LET_LOOPBACK_IN}.`,
  },
  state_mismatch: {
    cause: 'The answer to the sign-in is not the one to our request.',
    fix: 'Try again, in one browser window.',
  },
  issuer_in_answer: {
    cause: 'The sign-in came back from another issuer (RFC 9207), so clients refuse it.',
    fix: 'Turn off the tenant\'s "iss" authorization response parameter, or set AUTH_SERVER_METADATA to issuer.',
  },
  issuer_not_in_answer: {
    cause:
      'The sign-in came back without the issuer that the metadata promises (RFC 9207), so clients refuse it.',
    fix: 'Check what stands between: the metadata must be the tenant\'s own, and so must its "iss" setting.',
  },
  token_refused: {
    cause: 'The token endpoint refused the code.',
    fix: `See the tenant's logs for a failed exchange (feacft). ${DOCTOR}.`,
  },
  ACCESS_TOKEN_IS_OPAQUE: {
    cause: 'Auth0 issued an opaque token: it was not asked for this API.',
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
    fix: 'Set OAUTH_AUDIENCE to the identifier of the API in Auth0, to the letter.',
  },
  token_issuer: {
    cause: 'The token is from another issuer than the metadata names.',
    fix: 'Set OAUTH_ISSUER to the iss above; with a custom domain it is that domain.',
  },
  token_expired: {
    cause: 'The token has expired before it was used.',
    fix: "Set the clock of this machine right, and the API's token lifetime to more than a minute.",
  },
} as const satisfies Causes

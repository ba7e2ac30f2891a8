import { ALLOW_LOOPBACK, type Faults } from './fault.ts'

const LOGS = 'Auth0 dashboard: Monitoring > Logs'

/** Faults of the sign-in of `npm run connect`. */
export const SIGN_IN_FAULTS = {
  callback_port_in_use: {
    title: 'The port for the callback is in use',
    severity: 'error',
    why: 'Another program listens on this port of this machine.',
    fix: 'End that program, or choose another port with --callback-port.',
  },
  wrong_password: {
    title: 'The sign-in form rejects the user name or the password',
    severity: 'error',
    why: 'The user does not exist in the tenant, or has another password.',
    fix: 'Use --user and --password. The Auth0 emulator has alice@example.com with the password "password".',
  },
  access_denied: {
    title: 'The tenant denies access',
    severity: 'error',
    why: 'The user declined, or a policy of the tenant denied access.',
    fix: "Connect again and accept on the consent page. If no consent page appeared, the tenant's logs name the Action or policy that denied access.",
    where: LOGS,
  },
  sign_in_refused: {
    title: 'The sign-in ends with an error',
    severity: 'error',
    why: 'The authorization server returned an error instead of an authorization code.',
    fix: "Read the tenant's logs, which name the user and the reason, and run npm run doctor.",
    where: LOGS,
  },
  sign_in_timed_out: {
    title: 'The sign-in was not completed in time',
    severity: 'error',
    why: 'No authorization response arrived within 5 minutes.',
    fix: `Open the URL above in a browser on this machine. An error page there names the reason. After a decline (access_denied) Auth0 shows that page and sends no response to a strict third-party client: connect again and accept. For a rejected redirect URI or client: ${ALLOW_LOOPBACK}.`,
  },
  state_mismatch: {
    title: 'The authorization response belongs to another request',
    severity: 'error',
    why: 'The state of the response differs from the state of the request.',
    fix: 'Try again, in one browser window.',
  },
  issuer_in_answer: {
    title: 'The iss of the authorization response differs from the issuer of the metadata',
    severity: 'error',
    why: 'Clients compare the two exactly and reject the response (RFC 9207).',
    fix: 'With AUTH_SERVER_METADATA=curated, set it to issuer, because the tenant sends its own iss. Otherwise set OAUTH_ISSUER to the issuer that the tenant sends; with a custom domain it is that domain.',
  },
  issuer_not_in_answer: {
    title: 'The authorization response has no iss, although the metadata advertises it',
    severity: 'error',
    why: 'The metadata has authorization_response_iss_parameter_supported, so clients reject a response without iss (RFC 9207).',
    fix: "Serve the tenant's own metadata: a proxy or cache must not change it. If the tenant's setting is on and iss is still missing, turn the setting off; ChatGPT then uses a redirect URI per connector.",
  },
  token_refused: {
    title: 'The token endpoint rejects the authorization code',
    severity: 'error',
    why: 'The code exchange failed.',
    fix: "Read the tenant's logs for a failed exchange (feacft), and run npm run doctor.",
    where: LOGS,
  },
} as const satisfies Faults

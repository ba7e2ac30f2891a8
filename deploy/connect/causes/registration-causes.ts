import { type Causes, DOCTOR, LET_LOOPBACK_IN, PROVISION } from './cause.ts'

/** Why the tenant does not register a client. */
export const REGISTRATION_CAUSES = {
  registration_closed: {
    cause: 'Dynamic Client Registration is off.',
    fix: `${PROVISION}, or Auth0 dashboard > Settings > Advanced > Dynamic Client Registration (DCR).`,
  },
  redirect_uri_refused: {
    cause: 'The redirect URI was refused.',
    fix: `For a new client: ${LET_LOOPBACK_IN}. For an existing client: use --redirect-uri with one of its allowed callback URLs, or add http://127.0.0.1:PORT/callback to them and use --callback-port PORT.`,
  },
  rate_limited: {
    cause: 'Auth0 has received too many requests.',
    fix: 'Wait a minute and try again.',
  },
  too_many_clients: {
    cause: 'The tenant has reached the number of applications that its plan allows.',
    fix: 'npm run clients lists and deletes clients that are not in use. One predefined client serves every connection (docs/auth0.md, "Ways to connect").',
  },
  registration_unavailable: {
    cause: 'The client cannot be registered now: Auth0 does not answer, or the admission failed.',
    fix: 'Try again. If it fails again, the log of the registration function names the step.',
  },
  registration_refused: {
    cause: 'The registration was refused.',
    fix: `See the tenant's logs (Auth0 dashboard > Monitoring > Logs), and run ${DOCTOR}.`,
  },
  callback_port_in_use: {
    cause: 'The port for the callback is in use on this machine.',
    fix: 'End the program that uses it, or choose another port with --callback-port.',
  },
} as const satisfies Causes

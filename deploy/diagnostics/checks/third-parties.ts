import { showClientName } from '../../auth0/client-name.ts'
import { asDynamicClient, type DynamicClient } from '../../auth0/clients/dynamic-client.ts'
import { type Check, type Finding, fault, type Verdict, warning } from '../check.ts'
import {
  defaultGrants,
  describeClient,
  isServedByGrant,
  isShared,
  isWidened,
  mayGetIn,
  userPolicy,
} from './client-access.ts'
import type { Inside } from '../observe/tenant.ts'

const MAX_NAMED = 5
const APPLY = 'npm run provision -- --apply'
const APPLICATIONS = 'Auth0 dashboard: Applications > Applications'
const DEFAULT_GRANT =
  'Auth0 dashboard: Applications > APIs > the API > Default Permissions for Third-Party Applications'

/** Which third-party clients get the API (THIRD_PARTY_ACCESS). */
export const THIRD_PARTY_CHECKS: readonly Check<Inside>[] = [
  {
    name: 'third-party access',
    title: 'only clients that this system admits get the API',
    run: checkAccess,
  },
  {
    name: 'foreign clients',
    title: 'no client with a foreign redirect URI gets in',
    run: withClients(checkForeign),
  },
  {
    name: 'redirect URIs',
    title: 'no client of ChatGPT has a foreign redirect URI as well',
    run: withClients(checkRedirectUris),
  },
  {
    name: 'promotion',
    title: 'permissive clients become first-party clients',
    run: withClients(checkPromotion),
  },
]

function checkAccess(seen: Inside): Verdict {
  const { grants, config } = seen
  if ('failure' in grants) return { skipped: grants.failure.message }
  const hasDefault = defaultGrants(seen).length > 0
  if (config.provision.THIRD_PARTY_ACCESS === 'open') {
    return [
      warning({
        id: 'third_party_access_open',
        seen: `THIRD_PARTY_ACCESS is open${hasDefault ? ', and the API has a default grant for third-party clients' : ''}`,
        why: 'Every third-party client of the tenant gets the API, also one that registers itself as "ChatGPT" with a redirect URI of somebody else. Only the consent page stands between it and the data of a person who signs in',
        fix: `where clients can register, set THIRD_PARTY_ACCESS to admitted, then ${APPLY}; leave it open if registration is closed or every third-party client is known`,
        where: DEFAULT_GRANT,
      }),
    ]
  }
  return [
    ...(hasDefault
      ? [
          fault({
            id: 'default_grant_present',
            seen: 'the API has a default grant for third-party clients, while THIRD_PARTY_ACCESS is admitted',
            why: 'Every third-party client gets the API by it, so CLIENT_REDIRECT_URIS decides nothing: a client that registers with a foreign redirect URI gets in as well',
            fix: `${APPLY} removes it, after giving each admitted client its own client grant; or set THIRD_PARTY_ACCESS to open if this is intended`,
            where: DEFAULT_GRANT,
          }),
        ]
      : []),
    ...checkPermissive(seen),
  ]
}

/** With `allow_all`, a permissive third-party client needs no grant, only a connection. */
function checkPermissive(seen: Inside): Finding[] {
  const { clients } = seen
  const isPossible = isShared(seen) && userPolicy(seen) === 'allow_all' && 'value' in clients
  if (!isPossible) return []
  const permissive = dynamicClients(seen, clients.value).filter(({ mode }) => mode === 'permissive')
  if (permissive.length === 0) return []
  return [
    warning({
      id: 'permissive_clients_unrestricted',
      seen: 'the login connection is at domain level, the API allows user access without a client grant, and the tenant has permissive third-party clients',
      why: 'Such a client can sign people in and get the API without being admitted',
      fix: 'set the user access policy of the API to require a client grant, if all its applications have one; or turn off "Promote Connection to Domain Level" unless strict clients need it',
      where:
        'Auth0 dashboard: Applications > APIs > the API > Settings > Application Access Policy',
    }),
  ]
}

function checkForeign(seen: Inside, clients: readonly DynamicClient[]): Verdict {
  // Under `open` every third-party client is meant to get in, which is a warning of its own.
  if (seen.config.provision.THIRD_PARTY_ACCESS === 'open') return []
  const foreign = clients.filter((one) => !one.isCovered && mayGetIn(seen, one)).map(describeClient)
  return list('foreign_client_access', foreign, {
    why: 'CLIENT_REDIRECT_URIS does not cover where it redirects, but it can sign people in and call the tools for them',
    fix: `if it is unknown, delete it (dashboard, or DELETE /api/v2/clients/{id}), and set DCR_POLICY to enforce, so that log-webhook deletes such clients; ${APPLY} removes a default grant; if it is wanted, add its redirect URI to CLIENT_REDIRECT_URIS`,
  })
}

function checkRedirectUris(seen: Inside): Verdict {
  const { clients, config } = seen
  if ('failure' in clients) return { skipped: clients.failure.message }
  const widened = clients.value
    .filter(({ global }) => global !== true)
    .filter((client) => isWidened(client, config.provision.mayRedirectTo))
    .map(({ name = '', client_id: id = '', callbacks = [] }) =>
      `${showClientName(name) || 'unnamed'} (${id}), to ${callbacks.join(' ')}`.slice(0, 300),
    )
  return list('foreign_redirect_uri', widened, {
    why: 'Besides a redirect URI of ChatGPT it has another one, whose owner gets the sign-in of people who trust ChatGPT',
    fix: 'remove the other callback URLs of the application, unless you added them yourself',
  })
}

function checkPromotion(seen: Inside, clients: readonly DynamicClient[]): Verdict {
  const served = clients.filter((one) => one.isCovered && isServedByGrant(seen, one))
  if (served.length === 0) return []
  const canSignIn = served.every((one) => mayGetIn(seen, one))
  return [
    warning({
      id: 'promotion_refused',
      seen: some(served.map(describeClient)),
      why: 'Auth0 did not make these permissive clients first-party ones. They work as third-party clients instead: by a client grant of their own, and by a login connection at domain level',
      fix: canSignIn
        ? 'nothing, while they work: keep the login connection at domain level, and people see a consent page. A first-party client, made with npm run provision -- --iss --predefined --apply, needs neither'
        : 'turn on "Promote Connection to Domain Level" for the login connection, or make a first-party client: npm run provision -- --iss --predefined --apply',
      where: APPLICATIONS,
    }),
  ]
}

function withClients(run: (seen: Inside, clients: readonly DynamicClient[]) => Verdict) {
  return (seen: Inside): Verdict => {
    const { clients } = seen
    if ('failure' in clients) return { skipped: clients.failure.message }
    return run(seen, dynamicClients(seen, clients.value))
  }
}

/** The clients that registered themselves. */
export function dynamicClients(
  { config }: Inside,
  clients: readonly Parameters<typeof asDynamicClient>[0][],
): readonly DynamicClient[] {
  const { mayRedirectTo } = config.provision
  return clients.flatMap((client) => asDynamicClient(client, mayRedirectTo) ?? [])
}

function list(id: string, seen: readonly string[], about: Pick<Finding, 'why' | 'fix'>): Finding[] {
  return seen.length === 0 ? [] : [fault({ id, seen: some(seen), where: APPLICATIONS, ...about })]
}

/** The first lines, and how many more there are. */
export function some(lines: readonly string[]): string {
  const rest = lines.length - MAX_NAMED
  return `${lines.slice(0, MAX_NAMED).join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`
}

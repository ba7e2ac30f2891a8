import type { Management as Auth0 } from 'auth0'
import { asDynamicClient, type DynamicClient } from '../clients/dynamic-client.ts'
import { APPLICATIONS_OF_PLAN } from './arguments.ts'
import { describeClient, isWidened, mayGetIn, whyStuck } from './client-access.ts'
import { type Check, type Finding, fault, type Verdict, warning } from './finding.ts'
import type { Inside } from './observe-inside.ts'

const NEAR = 0.8
const MAX_NAMED = 5
const CLEAN_UP = 'npm run clients -- --prune --older-than 30d --apply'
const APPLICATIONS = 'Auth0 dashboard: Applications > Applications'
const AGAIN =
  'mend what else doctor names (log stream, Management scopes), then disconnect and connect again in ChatGPT, so that the client registers anew'

/** The clients that have registered themselves. */
export const CLIENT_CHECKS: readonly Check<Inside>[] = [
  { name: 'number of clients', title: 'there is room for more applications', run: checkNumber },
  {
    name: 'admitted clients',
    title: "every client of ChatGPT's is admitted",
    run: withClients((seen, clients) => {
      const stuck = clients
        .filter(({ isCovered }) => isCovered)
        .flatMap((one) => whyStuck(seen, one))
      if (stuck.length === 0) return []
      return [
        fault({
          id: 'client_not_admitted',
          seen: some(stuck),
          why: "The client is ChatGPT's by its redirect URI, and yet it can sign nobody in: log-webhook did not hear of it, or failed",
          fix: AGAIN,
          where: APPLICATIONS,
        }),
      ]
    }),
  },
  {
    name: 'foreign clients',
    title: 'nobody else is let in',
    run: withClients((seen, clients) => {
      const foreign = clients
        .filter((one) => !one.isCovered && mayGetIn(seen, one))
        .map(describeClient)
      const mixed = seen.config.provision.mayRedirectTo
      const widened = allClients(seen)
        .filter((client) => isWidened(client, mixed))
        .map(describeAny)
      return [
        ...list('foreign_client_admitted', foreign, {
          why: 'CLIENT_REDIRECT_URIS does not cover where it sends people, and yet it can sign them in and call the tools for them',
          fix: `delete it if nobody knows it (dashboard, or DELETE /api/v2/clients/{id}), and set DCR_POLICY to enforce, so that log-webhook deletes the next; if it is meant, add its redirect URI to CLIENT_REDIRECT_URIS`,
        }),
        ...list('foreign_redirect_uri', widened, {
          why: 'Besides a redirect URI of ChatGPT it has another one: whoever has that gets the sign-in of people who trust ChatGPT',
          fix: 'remove the other callback URLs of the application, unless you have added them yourself',
        }),
      ]
    }),
  },
  {
    name: 'grants of clients',
    title: 'their grants have the scopes of the tools',
    run: withClients(({ grants, desired }, clients) => {
      if ('failure' in grants) return { skipped: grants.failure.message }
      const covered = new Set(
        clients.filter(({ isCovered }) => isCovered).map(({ clientId }) => clientId),
      )
      const lacking = grants.value.flatMap((grant) => {
        const isOurs = covered.has(grant.client_id ?? '') && grant.allow_all_scopes !== true
        const missing = desired.scopes
          .map(({ value }) => value)
          .filter((scope) => !grant.scope?.includes(scope))
        return isOurs && missing.length > 0
          ? [`${grant.client_id} lacks ${missing.join(' ')} in its client grant ${grant.id}`]
          : []
      })
      return list('client_grant_scopes', lacking, {
        why: 'A grant of its own goes before the default one: a client that was admitted before a tool was added cannot call it (insufficient_scope)',
        fix: 'delete that grant (DELETE /api/v2/client-grants/{id}), so that the default one holds, or add the scopes to it in the dashboard; then connect again',
      })
    }),
  },
]

type ListedClients = readonly DynamicClient[]

function withClients(run: (seen: Inside, clients: ListedClients) => Verdict) {
  return (seen: Inside): Verdict => {
    const { clients, config } = seen
    if ('failure' in clients) return { skipped: clients.failure.message }
    const { mayRedirectTo } = config.provision
    return run(
      seen,
      clients.value.flatMap((client) => asDynamicClient(client, mayRedirectTo) ?? []),
    )
  }
}

function checkNumber(seen: Inside): Verdict {
  const { clients, plan } = seen
  if ('failure' in clients) return { skipped: clients.failure.message }
  const count = allClients(seen).length
  const limits = Object.entries(APPLICATIONS_OF_PLAN).filter(([name]) => name === (plan ?? name))
  const [near] = limits.filter(([, limit]) => count >= limit * NEAR && (plan || count <= limit))
  if (near === undefined) return []
  const [name, limit] = near
  const isFull = plan !== undefined && count >= limit
  const finding = {
    id: isFull ? 'application_limit_reached' : 'application_limit_near',
    seen: `${count} applications; the ${name} plan allows ${limit}${plan === undefined ? ' (if that is the plan: say so with --plan)' : ''}`,
    why: 'Every connection registers a client; at the limit Auth0 refuses the next, and nobody new can connect',
    fix: CLEAN_UP,
    where: APPLICATIONS,
  }
  return [isFull ? fault(finding) : warning(finding)]
}

function allClients({ clients }: Inside): readonly Auth0.Client[] {
  return 'value' in clients ? clients.value.filter(({ global }) => global !== true) : []
}

function list(id: string, seen: readonly string[], about: Pick<Finding, 'why' | 'fix'>): Finding[] {
  return seen.length === 0 ? [] : [fault({ id, seen: some(seen), where: APPLICATIONS, ...about })]
}

function describeAny({
  name = '',
  client_id: clientId = '',
  callbacks = [],
}: Auth0.Client): string {
  return `${name || 'unnamed'} (${clientId}), to ${callbacks.join(' ')}`.slice(0, 300)
}

function some(lines: readonly string[]): string {
  const rest = lines.length - MAX_NAMED
  return `${lines.slice(0, MAX_NAMED).join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`
}

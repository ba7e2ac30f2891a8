import type { Management as Auth0 } from 'auth0'
import { registrationKind, withLeeway } from '../../../shared/auth0/registered-client.ts'
import { asDynamicClient } from '../../auth0/clients/dynamic-client.ts'
import { isOurs } from '../../auth0/plan/client-grants.ts'
import { STABLE_REDIRECT_URI } from '../../auth0/provision-options.ts'
import { PREDEFINED_MARK } from '../../auth0/tenant-lookups.ts'
import type { Check, CheckOutcome } from '../check.ts'
import type { Observed } from '../faults/faults.ts'
import type { TenantObservation } from '../observe/tenant.ts'
import { APPLICATIONS_OF_PLAN } from '../options.ts'
import { dynamicClients, firstLines, whyNotAdmitted } from './client-access.ts'

const WARNING_SHARE = 0.8
const CHATGPT_DOCUMENT = 'https://chatgpt.com/oauth/client.json'
/** ChatGPT's redirect URIs without `iss`: one for each connection. */
const PER_CONNECTION = 'https://chatgpt.com/connector/oauth/'
const ISS_SETTING = 'authorization_response_iss_parameter_supported'

type ClientCheck = (clients: readonly Auth0.Client[], observed: TenantObservation) => CheckOutcome

/** The clients of the tenant and their settings. */
export const CLIENT_CHECKS: readonly Check<TenantObservation>[] = [
  {
    name: 'number of clients',
    title: 'The plan allows more applications',
    run: withClients(checkNumber),
  },
  {
    name: 'admitted clients',
    title: 'Every client with covered redirect URIs is admitted',
    run: withClients((_, observed) => {
      const lines = dynamicClients(observed)
        .filter(({ isCovered }) => isCovered)
        .flatMap((client) => whyNotAdmitted(observed, client))
      return lines.length === 0 ? [] : [{ id: 'client_not_admitted', seen: firstLines(lines) }]
    }),
  },
  {
    name: 'metadata documents',
    title: "ChatGPT's metadata document is imported where the tenant advertises CIMD",
    run: checkMetadataDocument,
  },
  {
    name: 'predefined redirect URI',
    title: 'The predefined client has the redirect URI that ChatGPT uses',
    run: withClients((clients, observed) => {
      const { settings } = observed.snapshot
      if ('failure' in settings) return { skipped: settings.failure.message }
      const hasIss = settings.value[ISS_SETTING] === true
      return clients
        .filter((client) => isPredefined(client, observed))
        .flatMap((client) => redirectUriFaults(client, hasIss, observed))
    }),
  },
  {
    name: 'refresh tokens',
    title: 'Refresh tokens of first-party clients rotate and expire',
    run: withClients((clients, observed) => {
      const weak = clients
        .filter((client) => isPredefined(client, observed) || isPromoted(client, observed))
        .flatMap((client) => {
          const weaknesses = weaknessesOf(client.refresh_token)
          return weaknesses.length === 0 ? [] : [`${nameOf(client)}: ${weaknesses.join(', ')}`]
        })
      if (weak.length === 0) return []
      return [{ id: 'refresh_tokens_unlimited', seen: firstLines(weak) }]
    }),
  },
  {
    name: 'refresh token leeway',
    title: 'Rotating refresh tokens have a leeway',
    run: withClients((clients, { desired }) => {
      const strict = clients
        .filter((client) => isOurs(client, desired) && withLeeway(client) !== undefined)
        .map(nameOf)
      if (strict.length === 0) return []
      const seen = `refresh_token.leeway is 0: ${firstLines(strict)}`
      return [{ id: 'refresh_token_leeway_zero', seen }]
    }),
  },
]

function withClients(run: ClientCheck) {
  return (observed: TenantObservation): CheckOutcome => {
    const { clients } = observed
    return 'failure' in clients
      ? { skipped: clients.failure.message }
      : run(clients.value, observed)
  }
}

function checkNumber(
  clients: readonly Auth0.Client[],
  { subscription }: TenantObservation,
): CheckOutcome {
  const count = clients.filter(({ global }) => global !== true).length
  const limitState = nearLimit(count, APPLICATIONS_OF_PLAN, subscription)
  if (limitState === undefined) return []
  const seen = `${count} applications; ${limitState.described}`
  return [{ id: limitState.isFull ? 'application_limit_reached' : 'application_limit_near', seen }]
}

/** Returns the plan's limit that `count` approaches; without a known plan, the next higher limit. */
export function nearLimit(
  count: number,
  limits: Readonly<Partial<Record<string, number>>>,
  subscription: string | undefined,
): { readonly described: string; readonly isFull: boolean } | undefined {
  const isKnown = subscription !== undefined
  const limitState = Object.entries(limits).find(
    ([name, limit = 0]) =>
      name === (subscription ?? name) &&
      count >= limit * WARNING_SHARE &&
      (isKnown || count <= limit),
  )
  if (limitState === undefined) return undefined
  const [name, limit = 0] = limitState
  const hint = isKnown ? '' : ' (pass the plan with --plan)'
  return {
    described: `the ${name} plan allows ${limit}${hint}`,
    isFull: isKnown && count >= limit,
  }
}

/** ChatGPT uses its metadata document instead of registering where the tenant advertises CIMD. */
function checkMetadataDocument(observed: TenantObservation): CheckOutcome {
  const { snapshot, clients, isCurated } = observed
  const { settings } = snapshot
  if ('failure' in settings) return { skipped: settings.failure.message }
  if ('failure' in clients) return { skipped: clients.failure.message }
  // Curated metadata does not advertise it.
  if (isCurated || settings.value.client_id_metadata_document_supported !== true) return []
  if (clients.value.some(isChatGptDocument)) return []
  const hasPredefined = clients.value.some((client) => isPredefined(client, observed))
  return [
    {
      id: 'cimd_client_missing',
      severity: hasPredefined ? 'warning' : 'error',
      seen: 'client_id_metadata_document_supported is on, and no client has a metadata document of ChatGPT',
      details: { document: CHATGPT_DOCUMENT },
    },
  ]
}

function isChatGptDocument(client: Auth0.Client): boolean {
  const kind = registrationKind(client)
  if (kind !== 'imported' && kind !== 'self_cimd') return false
  return URL.parse(client.external_client_id ?? '')?.hostname === 'chatgpt.com'
}

function redirectUriFaults(
  client: Auth0.Client,
  hasIss: boolean,
  { config }: TenantObservation,
): Observed[] {
  const { callbacks = [] } = client
  const isStable = callbacks.includes(STABLE_REDIRECT_URI)
  const isPerConnection = callbacks.some((uri) => uri.startsWith(PER_CONNECTION))
  if (hasIss ? isStable : isPerConnection) return []
  // The client was created for an application other than ChatGPT.
  const isOther = callbacks.some((uri) => config.provision.mayRedirectTo([uri]))
  if (!isStable && !isPerConnection && isOther) return []
  const uris = callbacks.join(' ') || 'no URI'
  const seen = `${nameOf(client)} redirects to ${uris}`.slice(0, 300)
  if (!hasIss && isStable) {
    return [{ id: 'predefined_without_iss', seen: `${seen}, but ${ISS_SETTING} is off` }]
  }
  const details = hasIss ? { used: STABLE_REDIRECT_URI } : {}
  return [{ id: 'predefined_redirect_uri', seen, details }]
}

/** Whether `--predefined` created this client for the API. */
function isPredefined(
  { client_metadata: metadata }: Auth0.Client,
  { desired }: TenantObservation,
): boolean {
  return metadata?.[PREDEFINED_MARK] === desired.audience
}

function isPromoted(client: Auth0.Client, { config }: TenantObservation): boolean {
  return asDynamicClient(client, config.provision.mayRedirectTo)?.isPromoted === true
}

/** An undefined setting is unknown, because Auth0 may omit it. */
function weaknessesOf(refresh: Auth0.Client['refresh_token']): string[] {
  if (refresh == null) return []
  const { rotation_type: rotation, expiration_type: expiration } = refresh
  const isInfinite =
    refresh.infinite_token_lifetime === true && refresh.infinite_idle_token_lifetime === true
  return [
    ...(rotation === 'rotating' ? [] : [`rotation_type is ${rotation}`]),
    ...(expiration === 'expiring' ? [] : [`expiration_type is ${expiration}`]),
    ...(expiration === 'expiring' && isInfinite ? ['both lifetimes are infinite'] : []),
  ]
}

function nameOf({ name = 'unnamed', client_id: id }: Auth0.Client): string {
  return `${name} (${id})`
}

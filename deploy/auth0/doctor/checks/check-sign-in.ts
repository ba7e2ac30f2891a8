import { REGISTRATION_PATH } from '../../../../shared/oauth/protected-resource.ts'
import { type Check, fault, type Verdict, warning } from '../../../diagnostics/check.ts'
import { firstDocument, type JsonObject, shown, stringsIn } from '../../../diagnostics/exchange.ts'
import type { Outside } from '../../../diagnostics/observe/deployment.ts'

const ADVANCED = 'Auth0 dashboard: Settings > Advanced'
const REDEPLOY = 'in .env.yaml, then npm run deploy'

/** Whether the authorization server has what a sign-in takes. */
export const SIGN_IN_CHECKS: readonly Check<Outside>[] = [
  {
    name: 'endpoints',
    title: 'it has the endpoints of a sign-in',
    run: withMetadata(checkEndpoints),
  },
  {
    name: 'PKCE',
    title: 'it advertises PKCE with S256',
    run: withMetadata((metadata) => {
      const methods = stringsIn(metadata['code_challenge_methods_supported'])
      if (methods?.includes('S256')) return []
      return [
        fault({
          id: 'pkce_s256_missing',
          seen: `code_challenge_methods_supported is ${shown(metadata['code_challenge_methods_supported'])}`,
          why: 'ChatGPT and MCP clients refuse an authorization server that does not say S256',
          fix: 'set OAUTH_ISSUER to the Auth0 tenant itself, whose metadata has S256, or set AUTH_SERVER_METADATA to curated',
        }),
      ]
    }),
  },
  { name: 'registration', title: 'clients can register', run: withMetadata(checkRegistration) },
  {
    name: 'public clients',
    title: 'it takes clients without a secret',
    run: withMetadata((metadata) => {
      const methods = stringsIn(metadata['token_endpoint_auth_methods_supported'])
      if (methods === undefined || methods.includes('none')) return []
      return [
        fault({
          id: 'public_clients_refused',
          seen: `token_endpoint_auth_methods_supported is ${shown(methods)}`,
          why: 'ChatGPT registers a public client, one with PKCE and no secret',
          fix: 'set AUTH_SERVER_METADATA to curated, or enter a predefined client with its secret in ChatGPT',
        }),
      ]
    }),
  },
  {
    name: 'refresh',
    title: 'clients can stay signed in',
    run: withMetadata((metadata) => {
      const grants = stringsIn(metadata['grant_types_supported'])
      const scopes = stringsIn(metadata['scopes_supported'])
      const lacks = [
        ...(grants?.includes('refresh_token') === false ? ['the refresh_token grant'] : []),
        ...(scopes?.includes('offline_access') === false ? ['the scope offline_access'] : []),
      ]
      if (lacks.length === 0) return []
      return [
        warning({
          id: 'refresh_unavailable',
          seen: `the metadata lacks ${lacks.join(' and ')}`,
          why: 'The connection ends with its first access token, and people have to sign in again',
          fix: 'npm run provision -- --apply (allows offline access for the API), and let nothing rewrite the metadata',
          where: 'Auth0 dashboard: Applications > APIs > Allow Offline Access',
        }),
      ]
    }),
  },
]

/** What clients go by: the issuer's document, or the curated one. */
export function effectiveMetadata({ isCurated, authorizationServer, issuer }: Outside) {
  return isCurated ? firstDocument(authorizationServer) : issuer?.metadata
}

/** A check of the metadata that clients go by. */
function withMetadata(run: (metadata: JsonObject, seen: Outside) => Verdict) {
  return (seen: Outside): Verdict => {
    const metadata = effectiveMetadata(seen)
    return metadata === undefined
      ? { skipped: 'its metadata could not be fetched' }
      : run(metadata, seen)
  }
}

function checkEndpoints(metadata: JsonObject): Verdict {
  const missing = ['authorization_endpoint', 'token_endpoint'].filter((name) => {
    const value = metadata[name]
    return typeof value !== 'string' || !URL.canParse(value)
  })
  if (missing.length === 0) return []
  return [
    fault({
      id: 'endpoints_missing',
      seen: `the metadata lacks ${missing.join(' and ')}`,
      why: 'There is nowhere to send the person, or nowhere to get the token',
      fix: `set OAUTH_ISSUER to the Auth0 tenant itself ${REDEPLOY}`,
    }),
  ]
}

function checkRegistration(metadata: JsonObject, seen: Outside): Verdict {
  const endpoint = metadata['registration_endpoint']
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) {
    if (metadata['client_id_metadata_document_supported'] === true) return []
    return [
      fault({
        id: 'registration_endpoint_missing',
        seen: `registration_endpoint is ${shown(endpoint)}`,
        why: 'ChatGPT cannot register a client, so only connections with a predefined client work',
        fix: 'npm run provision -- --apply (opens dynamic client registration), or make one client for all connections: npm run provision -- --iss --predefined --apply',
        where: `${ADVANCED} > Dynamic Client Registration (DCR)`,
      }),
    ]
  }
  const curated = `${seen.origin}${REGISTRATION_PATH}`
  if (!seen.isCurated || endpoint === curated) return []
  return [
    fault({
      id: 'registration_endpoint_wrong',
      seen: `registration_endpoint is ${endpoint}, not ${curated}`,
      why: 'Clients register past the function registration, which admits them before it answers',
      fix: `set PUBLIC_URL to ${seen.origin} ${REDEPLOY} -- metadata registration`,
    }),
  ]
}

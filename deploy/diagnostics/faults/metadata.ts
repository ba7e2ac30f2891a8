import { ADVANCED, APPLY, type Faults, PREDEFINED } from './fault.ts'

const METADATA_AND_GATEWAY = 'in .env.yaml, then run npm run deploy -- metadata gateway'
const DEPLOY = 'in .env.yaml, then run npm run deploy'

/** The documents by which clients discover the authorization server (RFC 9728, RFC 8414). */
export const METADATA_FAULTS = {
  metadata_missing: {
    title: 'The protected resource metadata (RFC 9728) is not served on every path',
    severity: 'error',
    why: 'Clients request it from different paths, and ChatGPT also from the root. Without it, clients show no sign-in prompt.',
    fix: ({ status = 404 }: { readonly status?: number }) => {
      if (status === 403) {
        return 'Let unauthenticated callers invoke the function: gcloud run services add-iam-policy-binding metadata --member=allUsers --role=roles/run.invoker. Let bot protection at the edge pass these paths.'
      }
      return status >= 500
        ? 'Read the log of the function metadata, which names the cause (configuration_refused lists variables): gcloud functions logs read metadata --gen2.'
        : 'Rewrite /.well-known/** and /mcp/.well-known/** to the function metadata (deploy/firebase.json), then run npm run deploy.'
    },
  },
  metadata_layouts_disagree: {
    title: 'The metadata differs between its paths',
    severity: 'error',
    why: 'Clients read different paths and then send different requests to Auth0, so some clients fail and others do not.',
    fix: 'Route all paths to the function metadata (deploy/firebase.json), deploy it (npm run deploy -- metadata), and purge the cache of the edge.',
  },
  metadata_media_type: {
    title: 'The metadata is not served as application/json',
    severity: 'error',
    why: 'RFC 9728 s3.2 requires application/json, and clients reject other types.',
    fix: 'Stop the edge from rewriting Content-Type, or route the path to the function metadata.',
  },
  resource_trailing_slash: {
    title: 'The resource differs from the URL by a trailing slash',
    severity: 'error',
    why: 'Auth0 and the gateway compare the resource exactly. A token for one spelling is rejected for the other (aud).',
    fix: ({ endpoint }: { readonly endpoint: string }) =>
      `Set OAUTH_AUDIENCE to ${endpoint} ${METADATA_AND_GATEWAY}. Run ${APPLY} to create the API with that identifier.`,
  },
  resource_mismatch: {
    title: 'The resource in the metadata differs from the URL',
    severity: 'error',
    why: 'Clients reject metadata for another resource (RFC 9728 s3.3), or request a token that the gateway rejects.',
    fix: ({ publicUrl, endpoint }: { readonly publicUrl?: string; readonly endpoint?: string }) =>
      endpoint === undefined
        ? `Connect to the resource exactly as the metadata writes it. If that is wrong, set PUBLIC_URL to the origin that clients use and OAUTH_AUDIENCE to its /mcp ${METADATA_AND_GATEWAY}, and run ${APPLY}.`
        : `${publicUrl === undefined ? 'Set' : `Enter the URL of that resource in ChatGPT, or set PUBLIC_URL to ${publicUrl} and`} OAUTH_AUDIENCE to ${endpoint} ${METADATA_AND_GATEWAY} and ${APPLY}.`,
  },
  authorization_servers_missing: {
    title: 'The metadata names no authorization server',
    severity: 'error',
    why: 'Clients cannot find the authorization server, and show no sign-in prompt.',
    fix: 'Set OAUTH_ISSUER in .env.yaml, then run npm run deploy -- metadata.',
  },
  issuer_malformed: {
    title: 'The authorization server in the metadata is not an issuer URL',
    severity: 'error',
    why: 'An issuer is an https URL without query and fragment (RFC 8414 s2). Clients find no metadata for any other value.',
    fix: `Set OAUTH_ISSUER to https://YOUR_TENANT.us.auth0.com/ (with https:// and the slash) ${METADATA_AND_GATEWAY}.`,
  },
  scopes_missing: {
    title: 'The metadata lacks scopes that tools require',
    severity: 'error',
    why: 'Clients request the advertised scopes, so calls fail with insufficient_scope.',
    fix: 'Deploy metadata and gateway with the same tools (TOOLS, TOOLS_FILE or TOOL_SCOPES_JSON): npm run deploy.',
  },
  offline_access_advertised: {
    title: 'The metadata advertises offline_access',
    severity: 'error',
    why: 'offline_access concerns the client and the authorization server and is not a scope of this resource. MCP says that servers should not list it.',
    fix: 'Remove offline_access from OAUTH_SCOPES and from the scopes of the tools in .env.yaml, then run npm run deploy -- metadata.',
  },
  issuer_unreachable: {
    title: 'The metadata of the authorization server cannot be read',
    severity: 'error',
    why: 'Without this metadata, clients can neither register nor start a sign-in.',
    fix: ({ url = 'https://TENANT.REGION.auth0.com/' }: { readonly url?: string }) =>
      `Check that OAUTH_ISSUER is the URL of the tenant or its custom domain (curl -i ${url}). If it is, Auth0 does not respond: see /health/auth0 and https://status.auth0.com.`,
  },
  issuer_trailing_slash: {
    title: 'The issuer differs from its metadata by a trailing slash',
    severity: 'error',
    why: 'Clients compare both exactly and stop (RFC 8414 s3.3). The gateway compares the iss of tokens exactly, too.',
    fix: ({ issuer }: { readonly issuer: string }) =>
      `Set OAUTH_ISSUER to ${issuer} ${DEPLOY}. Auth0 issuers end in a slash.`,
  },
  issuer_mismatch: {
    title: 'The issuer differs from the one in its metadata',
    severity: 'error',
    why: 'Clients compare the authorization server of the resource with the issuer of its metadata exactly, and stop (RFC 8414 s3.3).',
    fix: ({ issuer = 'the issuer of the metadata' }: { readonly issuer?: string }) =>
      `Set OAUTH_ISSUER to ${issuer}, with its trailing slash, ${DEPLOY}.`,
  },
  authorization_server_metadata_missing: {
    title: 'The deployment does not serve the authorization server metadata',
    severity: 'error',
    why: 'Older clients request the authorization server metadata from the resource.',
    fix: 'With 502, the function metadata cannot reach the issuer: see /health/auth0. Otherwise rewrite /.well-known/** and /mcp/.well-known/** to it (deploy/firebase.json), then run npm run deploy.',
  },
  authorization_server_metadata_differs: {
    title: 'The issuers in the authorization server metadata and in the resource metadata differ',
    severity: 'error',
    why: 'Clients that start at this document use another issuer than clients that start at the resource metadata.',
    fix: 'Deploy one version of the function metadata behind all these paths (npm run deploy -- metadata), and purge the cache of the edge.',
  },
  curated_with_iss: {
    title: 'Curated metadata is combined with the iss parameter',
    severity: 'error',
    why: 'Clients compare the iss that Auth0 sends with the issuer of the curated metadata and reject the sign-in (RFC 9207 s2.4).',
    fix: `Set AUTH_SERVER_METADATA to issuer ${DEPLOY}, and use one predefined client for all connections of ChatGPT: ${PREDEFINED}. Or turn the tenant setting authorization_response_iss_parameter_supported off.`,
    where: ADVANCED,
  },
  endpoints_missing: {
    title: 'The authorization server metadata lacks endpoints',
    severity: 'error',
    why: 'Clients do not know where to send the user or where to request the token.',
    fix: `Set OAUTH_ISSUER to the Auth0 tenant itself ${DEPLOY}.`,
  },
  pkce_s256_missing: {
    title: 'The authorization server does not advertise PKCE with S256',
    severity: 'error',
    why: 'ChatGPT and other MCP clients reject an authorization server without S256.',
    fix: `Set OAUTH_ISSUER to the Auth0 tenant itself, whose metadata has S256, or set AUTH_SERVER_METADATA to curated ${DEPLOY}. A proxy must not change the metadata.`,
  },
  registration_endpoint_missing: {
    title: 'The authorization server advertises no registration endpoint',
    severity: 'error',
    why: 'ChatGPT cannot register a client, so only connections with a predefined client work.',
    fix: `Run ${APPLY} to turn on Dynamic Client Registration, or create one client for all connections: ${PREDEFINED}. npm run connect accepts an existing client with --client-id.`,
    where: `${ADVANCED} > Dynamic Client Registration (DCR)`,
  },
  registration_endpoint_wrong: {
    title: 'The curated metadata names another registration endpoint',
    severity: 'error',
    why: 'Clients bypass the function registration, which admits a client before it responds.',
    fix: ({ publicUrl }: { readonly publicUrl: string }) =>
      `Set PUBLIC_URL to ${publicUrl} ${DEPLOY} -- metadata registration.`,
  },
  public_clients_refused: {
    title: 'The authorization server requires a client secret',
    severity: 'error',
    why: 'ChatGPT registers a public client, which uses PKCE instead of a secret.',
    fix: 'Set AUTH_SERVER_METADATA to curated, or enter a predefined client with its secret in ChatGPT.',
  },
  refresh_unavailable: {
    title: 'The authorization server does not offer refresh tokens',
    severity: 'warning',
    why: 'A connection ends when its first access token expires, and the user has to sign in again.',
    fix: `Run ${APPLY} to allow offline access for the API. A proxy must not change the metadata.`,
    where: 'Auth0 dashboard: Applications > APIs > Allow Offline Access',
  },
  jwks_unreachable: {
    title: 'The signing keys of the issuer cannot be read',
    severity: 'error',
    why: 'The gateway cannot verify tokens without keys, and rejects calls with 503.',
    fix: ({ url }: { readonly url: string }) =>
      `Check the key set from this machine and from the deployment: curl -i ${url}. If Auth0 responds to this machine, let the functions reach it (VPC egress, firewall).`,
  },
  issuer_slow: {
    title: 'The issuer responds slowly',
    severity: 'error',
    why: 'The functions wait 5 s for metadata and keys, then continue without them.',
    fix: 'If the issuer is slow from other networks too, wait for Auth0: https://status.auth0.com. Otherwise look for a proxy on the network path.',
  },
  jwks_kid_missing: {
    title: 'A signing key has no kid',
    severity: 'error',
    why: 'The gateway selects the key by the kid of the token, so it rejects tokens signed with this key.',
    fix: 'Serve the key set of the Auth0 tenant unchanged, or set JWKS_URI to it in .env.yaml and run npm run deploy -- gateway. Auth0 sets a kid on every key.',
    where: 'Auth0 dashboard: Settings > Signing Keys',
  },
  jwks_no_rs256_key: {
    title: 'The issuer has no key for RS256',
    severity: 'error',
    why: 'The gateway accepts RS256 only and rejects every other token.',
    fix: `Run ${APPLY} to set the signing algorithm of the API to RS256. Rotate the signing key once if no key is listed.`,
    where: 'Auth0 dashboard: Applications > APIs > Signing Algorithm; Settings > Signing Keys',
  },
  jwks_uri_differs: {
    title: 'The key set is not at the URL that the gateway uses',
    severity: 'warning',
    why: 'The gateway uses the default URL unless JWKS_URI is set.',
    fix: ({ url }: { readonly url: string }) =>
      `Set JWKS_URI to ${url} in .env.yaml, then run npm run deploy -- gateway.`,
  },
} as const satisfies Faults

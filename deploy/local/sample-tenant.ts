import { splitList } from '../../shared/config.ts'
import type { Catalogue } from '../../shared/tools.ts'
import { exchanges, permissions } from '../auth0/desired-state.ts'

/** A user of the Auth0 emulator. */
export interface SampleUser {
  readonly email: string
  readonly password: string
  readonly userId: string
  /** The scopes of the API that the user may grant to a client. */
  readonly permissions: readonly string[]
}

/**
 * Returns the initial state of the Auth0 emulator, before `provisionTenant`: users, connections, the
 * Management API client, and the APIs and the client for token exchange. Alice has all permissions, Bob
 * only those that end in `:read`.
 */
export function sampleTenant(variables: Readonly<Record<string, string>>, catalogue: Catalogue) {
  const scopes = permissions(catalogue)
  const apis = exchanges(catalogue).map(({ audience: identifier, scopes: asked }) => ({
    identifier,
    scopes: asked?.map((value) => ({ value, description: value })) ?? scopes,
  }))
  const ofApis = apis.flatMap((api) => api.scopes)
  const everything = [...new Set([...scopes, ...ofApis].map(({ value }) => value))].sort()
  const reading = everything.filter((scope) => scope.endsWith(':read'))
  return {
    audience: variables['OAUTH_AUDIENCE'] ?? '',
    users: [sampleUser('alice', everything), sampleUser('bob', reading)],
    connections: splitList(variables['GOOGLE_CONNECTION_NAME'] ?? ''),
    management: {
      clientId: variables['MGMT_CLIENT_ID'] ?? '',
      clientSecret: variables['MGMT_CLIENT_SECRET'] ?? '',
    },
    exchange:
      apis.length === 0
        ? undefined
        : {
            clientId: variables['OBO_CLIENT_ID'] ?? '',
            clientSecret: variables['OBO_CLIENT_SECRET'] ?? '',
            apis,
          },
  }
}

function sampleUser(name: string, permissions: readonly string[]): SampleUser {
  return {
    email: `${name}@example.com`,
    password: 'password',
    userId: `auth0|${name}`,
    permissions,
  }
}

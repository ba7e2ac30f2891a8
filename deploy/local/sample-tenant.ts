import { splitList } from '../../shared/config.ts'
import { parseCatalogue } from '../../shared/tools.ts'
import { permissions } from '../auth0/desired-state.ts'

/** A person who can sign in at the local tenant. */
export interface SampleUser {
  readonly email: string
  readonly password: string
  readonly userId: string
  /** The scopes of the API that the person may grant to a client. */
  readonly permissions: readonly string[]
}

/**
 * What the local tenant has before `provisionTenant` sets it up: the people, the connections and the
 * Management API client. Alice may do everything, bob only what ends in `:read`.
 *
 * @throws ConfigError for a catalogue that cannot be read.
 */
export function sampleTenant(variables: Readonly<Record<string, string>>) {
  const { TOOLS, TOOLS_FILE, TOOL_SCOPES_JSON } = variables
  const scopes = permissions(parseCatalogue({ TOOLS, TOOLS_FILE, TOOL_SCOPES_JSON }))
  const everything = scopes.map(({ value }) => value).sort()
  const reading = everything.filter((scope) => scope.endsWith(':read'))
  return {
    audience: variables['OAUTH_AUDIENCE'] ?? '',
    users: [sampleUser('alice', everything), sampleUser('bob', reading)],
    connections: splitList(variables['GOOGLE_CONNECTION_NAME'] ?? ''),
    management: {
      clientId: variables['MGMT_CLIENT_ID'] ?? '',
      clientSecret: variables['MGMT_CLIENT_SECRET'] ?? '',
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

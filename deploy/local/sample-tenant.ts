import { splitList } from '../../shared/config.ts'
import { LOG_WEBHOOK_PATH } from '../../shared/protected-resource.ts'
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
 * The local tenant as `npm run provision` would set up a real one: the API with the catalogue's
 * scopes, the connections, the Management API client and the log stream to `url`. Alice may do
 * everything, bob only what ends in `:read`.
 *
 * @throws ConfigError for a catalogue that cannot be read.
 */
export function sampleTenant(variables: Readonly<Record<string, string>>, url: string) {
  const { TOOLS, TOOLS_FILE, TOOL_SCOPES_JSON } = variables
  const scopes = permissions(parseCatalogue({ TOOLS, TOOLS_FILE, TOOL_SCOPES_JSON }))
  const everything = scopes.map(({ value }) => value).sort()
  const reading = everything.filter((scope) => scope.endsWith(':read'))
  const [logWebhookSecret] = splitList(variables['LOG_WEBHOOK_SECRET'] ?? '')
  return {
    audience: variables['OAUTH_AUDIENCE'] ?? '',
    scopes,
    users: [sampleUser('alice', everything), sampleUser('bob', reading)],
    connections: splitList(variables['GOOGLE_CONNECTION_NAME'] ?? ''),
    management: {
      clientId: variables['MGMT_CLIENT_ID'] ?? '',
      clientSecret: variables['MGMT_CLIENT_SECRET'] ?? '',
    },
    logStream: {
      url: `${url}${LOG_WEBHOOK_PATH}`,
      authorization: `Bearer ${logWebhookSecret}`,
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

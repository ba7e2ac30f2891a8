import type {
  AuthorizationServerMetadata,
  OAuthClientInformationMixed,
} from '@modelcontextprotocol/client'
import { isLoopback } from '../../../shared/config.ts'
import type { Fetch } from '../../diagnostics/probe.ts'
import type { ConnectOptions } from '../connect-options.ts'
import type { ProtectedResource } from '../discovery/discovery.ts'
import type { LocalTenant } from '../discovery/local-tenant.ts'
import { StepError } from '../failure.ts'
import type { StepResult } from '../step.ts'
import { type Callback, startCallback } from './callback.ts'
import { fillIn, metadataDocumentOf, redirectOf } from './imitate.ts'
import type { Redirect } from './imitations.ts'
import { register } from './registration.ts'

/** The client of a connection. */
export interface ConnectingClient {
  readonly client: OAuthClientInformationMixed
  readonly redirectUri: string
  readonly origin: 'registered' | 'metadata document' | 'given'
}

/** Where authorization responses arrive on this machine; started once, for the first redirect. */
export type Callbacks = (redirect?: Redirect, port?: number) => Promise<Callback>

/** The redirect URI of the client of `npm run connect`. */
const DEFAULT_REDIRECT: Redirect = {
  registered: ['http://127.0.0.1:{port}/callback'],
  used: 'http://127.0.0.1:{port}/callback',
  port: 0,
}

/** Creates the callback of a connection; `opened` closes it. */
export function createCallbacks(opened: AsyncDisposableStack, url: string): Callbacks {
  let callback: Promise<Callback> | undefined
  return (redirect = DEFAULT_REDIRECT, port) => {
    callback ??= start(redirect, port, url).then((started) => opened.use(started))
    return callback
  }
}

/** The preferred port, or any free one if it is in use and was not passed by the user. */
async function start({ used, port: preferred }: Redirect, port: number | undefined, url: string) {
  const { pathname } = new URL(fillIn(used, 1, url))
  if (port !== undefined) return startCallback(port, pathname)
  return startCallback(preferred, pathname).catch((error: unknown) => {
    if (!(error instanceof StepError) || preferred === 0) throw error
    return startCallback(0, pathname)
  })
}

/**
 * Returns the client that signs in: the given one, the one of the imitated client's metadata document,
 * or a newly registered one.
 *
 * @throws StepError
 */
export async function chooseClient(
  send: Fetch,
  metadata: AuthorizationServerMetadata,
  resource: ProtectedResource,
  tenant: LocalTenant | undefined,
  callbacks: Callbacks,
  options: ConnectOptions,
): Promise<StepResult<ConnectingClient>> {
  const { url, clientId, clientSecret, imitation, callbackPort } = options
  const redirect = imitation === undefined ? DEFAULT_REDIRECT : redirectOf(imitation, metadata)
  const { port } = await callbacks(redirect, callbackPort)
  const redirectUri = options.redirectUri ?? fillIn(redirect.used, port, url)
  if (clientId !== undefined) {
    const own = await callbackOf(clientId, tenant)
    const used = options.redirectUri ?? own ?? redirectUri
    const client = {
      client_id: clientId,
      ...(clientSecret !== undefined && { client_secret: clientSecret }),
    }
    const seen = `skipped (--client-id): ${clientId}, redirect URI ${used}`
    return { value: { client, redirectUri: used, origin: 'given' }, seen }
  }
  const document = metadataDocumentOf(imitation, metadata, url)
  if (document !== undefined) {
    const value = {
      client: { client_id: document },
      redirectUri,
      origin: 'metadata document',
    } as const
    return { value, seen: `metadata document ${document}, redirect URI ${redirectUri}` }
  }
  const filled = redirect.registered.map((uri) => fillIn(uri, port, url))
  const { redirectUri: given } = options
  const redirectUris = given === undefined || filled.includes(given) ? filled : [given]
  const { scopes } = resource
  const client = await register(send, metadata, { imitation, redirectUris, redirectUri, scopes })
  const seen = `${client.client_id}, redirect URI ${redirectUri}`
  return { value: { client, redirectUri, origin: 'registered' }, seen }
}

/** The local tenant reveals the client's own redirect URI, which need not be on this machine. */
async function callbackOf(clientId: string, tenant: LocalTenant | undefined) {
  const { clients = [] } = (await tenant?.()) ?? {}
  return clients.find(({ client_id }) => client_id === clientId)?.callbacks[0]
}

/** Returns whether the redirect URI leads to this command. */
export function isOnThisMachine(redirectUri: string): boolean {
  const { hostname } = new URL(fillIn(redirectUri, 1, 'http://127.0.0.1'))
  return isLoopback(hostname)
}

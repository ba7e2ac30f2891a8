import { randomBytes, randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { isLoopback } from '../../../shared/config.ts'
import { type Listener, listenOnLoopback } from '../listen.ts'
import type { Store } from './adapter.ts'
import { createControl } from './control.ts'
import { type Endpoints, serve } from './endpoints.ts'
import { sendJson } from './http.ts'
import { createLogStream, type LogStreamTarget } from './log-stream.ts'
import { createManagementApi } from './management-api.ts'
import { createManagementTokens } from './management-token.ts'
import { createProvider } from './provider.ts'
import { registeredClient, registrationEvent } from './registration.ts'
import { createSignIn } from './sign-in.ts'
import type { Scope, SecurityMode, TenantState, TenantUser } from './state.ts'

export interface TenantOptions {
  /** 0 = any free port. */
  readonly port: number
  /** Identifier of the one API. */
  readonly audience: string
  readonly scopes: readonly Scope[]
  readonly users: readonly TenantUser[]
  /** Names of the login connections. */
  readonly connections: readonly string[]
  readonly management: { readonly clientId: string; readonly clientSecret: string }
  /** What DCR makes of a new client; `strict`, as in a new tenant, unless said otherwise. */
  readonly mode?: SecurityMode
  readonly logStream?: LogStreamTarget
  /** Called with a line for each fault of the tenant itself. */
  readonly report?: (line: string) => void
}

/** A running stand-in tenant. */
export interface Tenant {
  readonly issuer: string
  readonly port: number
  readonly setLogStream: (target: LogStreamTarget) => void
  readonly close: () => Promise<void>
}

/**
 * Starts a stand-in Auth0 tenant on this machine's loopback addresses.
 *
 * @throws the system's error, `code` EADDRINUSE when the port is taken.
 */
export async function startTenant(options: TenantOptions): Promise<Tenant> {
  const { report = () => undefined } = options
  let handle: (req: IncomingMessage, res: ServerResponse) => void = (_req, res) =>
    sendJson(res, 503, { error: 'starting' })
  const listener: Listener = await listenOnLoopback(options.port, (req, res) => handle(req, res))
  const issuer = `http://localhost:${listener.port}/`
  const logStream = createLogStream()
  logStream.target = options.logStream
  const endpoints = createEndpoints(await createState(issuer, options), logStream)
  handle = (req, res) => {
    if (!isOwnHost(req)) return sendJson(res, 421, { error: 'misdirected_request' })
    serve(endpoints, req, res).catch((error: unknown) => {
      report(error instanceof Error ? (error.stack ?? error.message) : String(error))
      if (res.headersSent) res.destroy()
      else sendJson(res, 500, { error: 'internal_error' })
    })
  }
  return {
    issuer,
    port: listener.port,
    setLogStream: (target) => {
      logStream.target = target
    },
    close: async () => {
      logStream.close()
      await listener.close()
    },
  }
}

async function createState(issuer: string, options: TenantOptions): Promise<TenantState> {
  return {
    issuer,
    audience: options.audience,
    scopes: options.scopes,
    users: options.users,
    management: options.management,
    clients: new Map(),
    connections: options.connections.map((name) => ({
      id: `con_${randomBytes(8).toString('hex')}`,
      name,
      isDomainConnection: false,
      enabledClients: new Set(),
    })),
    grants: new Map(),
    keys: [await createKey()],
    mode: options.mode ?? 'strict',
    outage: false,
  }
}

function createEndpoints(
  state: TenantState,
  logStream: ReturnType<typeof createLogStream>,
): Endpoints {
  const store: Store = new Map()
  const cookieKeys = [randomBytes(32).toString('hex')]
  const register = (id: string, metadata: Readonly<Record<string, unknown>>) => {
    const client = registeredClient(id, metadata, state.mode)
    state.clients.set(id, client)
    logStream.emit(registrationEvent(client))
  }
  const makeProvider = () => createProvider({ state, store, cookieKeys, register })
  let provider = makeProvider()
  const rotateKeys = async () => {
    // The previous key keeps serving the tokens that it signed; the one before it goes.
    state.keys = [await createKey(), ...state.keys].slice(0, 2)
    provider = makeProvider()
  }
  const tokens = createManagementTokens(state)
  return {
    state,
    provider: () => provider,
    tokens,
    management: createManagementApi(state, tokens, logStream),
    signIn: createSignIn({
      state,
      provider: () => provider,
      onSignedIn: ({ client_id, name }, userId) =>
        logStream.emit({
          type: 's',
          description: 'Success Login',
          client_id,
          client_name: name,
          user_id: userId,
        }),
    }),
    control: createControl({ state, logStream, rotateKeys }),
  }
}

async function createKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid: randomUUID() }
}

function isOwnHost({ headers }: IncomingMessage): boolean {
  const url = `http://${headers.host ?? ''}`
  return URL.canParse(url) && isLoopback(new URL(url).hostname)
}

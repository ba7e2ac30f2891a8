import { randomBytes, randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { isLoopback } from '../../shared/config.ts'
import { errorCode, listenOnLoopback } from '../kit/listen.ts'
import { createControl } from './control/control.ts'
import { createState } from './control/new-tenant.ts'
import { saveState, setUp, type TenantSetup } from './control/setup.ts'
import { type Endpoints, serve } from './endpoints.ts'
import { sendJson } from './http.ts'
import type { LogStreamOptions } from './log-stream/log-stream-settings.ts'
import { createTenantLog, type TenantLog } from './log-stream/log-streams.ts'
import { createManagementApi } from './management/api.ts'
import { createManagementTokens } from './management/token.ts'
import { revokeGrant, type Store } from './oauth/adapter.ts'
import { createAuthorize } from './oauth/authorize.ts'
import { createRegistration } from './oauth/clients/registration.ts'
import { createProvider } from './oauth/provider.ts'
import { createSignIn } from './oauth/sign-in.ts'
import { createToken } from './oauth/tokens/token.ts'
import type { TenantState, TenantUserGrant } from './state.ts'

export interface EmulatorOptions extends TenantSetup {
  /** The port; 0 = any free port. */
  readonly port: number
  /** The current and the next signing key; new keys by default. */
  readonly keys?: Keys
  /** Called with one line for each internal error of the emulator. */
  readonly report?: (line: string) => void
}

/** A running Auth0 emulator. */
export interface Emulator {
  /** The issuer URL, which ends in a slash as Auth0's issuers do. */
  readonly issuer: string
  readonly port: number
  /** The state of the tenant, for code in the same process. */
  readonly state: TenantState
  /** Sets the target of the log stream, also for records that have not been delivered yet. */
  readonly setLogStream: (options: LogStreamOptions) => void
  readonly close: () => Promise<void>
}

type Keys = readonly [current: JWK, next: JWK]
type Handler = (req: IncomingMessage, res: ServerResponse) => void

/**
 * Starts the Auth0 emulator on the loopback addresses.
 *
 * @throws Error with `code` EADDRINUSE, which names the port, if the port is in use; errors of `prepare`.
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const { report = () => undefined } = options
  const onFault = (error: unknown) =>
    report(error instanceof Error ? (error.stack ?? error.message) : String(error))
  const { keys = await createKeys() } = options
  let handle: Handler = (_req, res) => sendJson(res, 503, { error: 'starting' })
  const listener = await listen(options.port, (req, res) => handle(req, res))
  const issuer = `http://localhost:${listener.port}/`
  const state = createState({ ...options, issuer }, keys)
  const log = createTenantLog(state)
  const { prepare, ...endpoints } = createEndpoints(options, state, log, onFault)
  handle = (req, res) => {
    if (!isOwnHost(req)) return sendJson(res, 421, { error: 'misdirected_request' })
    if (!URL.canParse(req.url ?? '/', issuer)) return sendJson(res, 400, { error: 'bad_request' })
    serve(endpoints, req, res).catch((error: unknown) => {
      // The body cannot be read if the client disconnects, which is not a fault.
      if (res.destroyed) return
      onFault(error)
      if (res.headersSent) res.destroy()
      else sendJson(res, 500, { error: 'internal_error' })
    })
  }
  await prepare().catch(async (error: unknown) => {
    log.clear()
    await listener.close()
    throw error
  })
  return {
    issuer,
    port: listener.port,
    state,
    setLogStream: log.configure,
    close: async () => {
      log.clear()
      await listener.close()
    },
  }
}

async function listen(port: number, handler: Handler) {
  try {
    return await listenOnLoopback(port, handler)
  } catch (cause) {
    if (errorCode(cause) !== 'EADDRINUSE') throw cause
    const error = new Error(`Port ${port} of the Auth0 emulator is in use.`, { cause })
    throw Object.assign(error, { code: 'EADDRINUSE', port })
  }
}

function createEndpoints(
  setup: TenantSetup,
  state: TenantState,
  log: TenantLog,
  onFault: (error: unknown) => void,
): Endpoints & { readonly prepare: () => Promise<void> } {
  const store: Store = new Map()
  const cookieKeys = [randomBytes(32).toString('hex')]
  const makeProvider = () => createProvider({ state, store, log, cookieKeys, onFault })
  let current = makeProvider()
  const provider = () => current
  const rotateKeys = async () => {
    // Auth0 publishes the next key before it signs with it, so cached key sets already contain it.
    const [signing, next] = state.keys
    state.keys = [next, await createKey(), signing]
    current = makeProvider()
  }
  let restore: (() => void) | undefined
  const reset = (empty = setup.empty === true) => {
    store.clear()
    log.clear()
    setUp(state, setup, empty)
    if (empty) return
    restore?.()
    for (const stream of state.logStreams.values()) log.start(stream)
    if (setup.logStream !== undefined) log.configure(setup.logStream)
  }
  const revoke = ({ issued }: TenantUserGrant) => {
    for (const grantId of issued) revokeGrant(store, grantId)
  }
  const tokens = createManagementTokens(state, log)
  const management = createManagementApi({ state, tokens, log, revoke })
  const counts = () => ({ calls: management.calls(), tokens: tokens.count() })
  reset()
  const prepare = async () => {
    if (setup.prepare === undefined || setup.empty === true) return
    await setup.prepare(state.issuer)
    restore = saveState(state)
    // Removes the calls and events of the preparation.
    reset()
  }
  return {
    prepare,
    state,
    provider,
    authorize: createAuthorize({ state, provider, log }),
    signIn: createSignIn({ state, provider, log }),
    token: createToken({ state, provider, tokens, log }),
    register: createRegistration(state, log),
    management: management.handle,
    control: createControl({ state, log, rotateKeys, reset, counts }),
  }
}

/** Creates the current and the next signing key (RSA, 2048 bits). Takes about 0.1 s. */
export async function createKeys(): Promise<Keys> {
  return Promise.all([createKey(), createKey()])
}

async function createKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid: randomUUID() }
}

/** Returns whether the Host is loopback, to prevent DNS rebinding. */
function isOwnHost({ headers }: IncomingMessage): boolean {
  const url = `http://${headers.host ?? ''}`
  return URL.canParse(url) && isLoopback(new URL(url).hostname)
}

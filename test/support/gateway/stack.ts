import { afterAll, afterEach, beforeEach } from 'vitest'
import { type Backend, startBackend } from '../http/backend.ts'
import { type Issuer, startIssuer } from '../http/issuer.ts'
import { type GatewayOptions, PRIVATE_TOOLS, type Served, serveGateway } from '../http/serve.ts'

type Environment = Readonly<Record<string, string>>

/** The servers of a gateway test: an issuer, a backend, and gateways that use them. */
export interface GatewayStack {
  readonly issuer: Issuer
  readonly backend: Backend
  /** Starts a gateway with `TOOLS`, unless `env` has other tools. It ends after the test. */
  readonly start: (env?: Environment, options?: Partial<GatewayOptions>) => Promise<Served>
  /** Starts a gateway that ends after the last test of the file. */
  readonly startForFile: (env?: Environment) => Promise<Served>
  /** Disposes of this resource after the test. */
  readonly endAfterTest: (one: AsyncDisposable) => void
}

/** The default result of `listEvents`. */
export const EVENTS = { events: ['dentist'] }

/** The environment of a gateway without public tools, where every call requires a token. */
export const ALL_PRIVATE = { TOOLS: JSON.stringify(PRIVATE_TOOLS) }

/**
 * Starts the issuer and the backend of a test file. They end after its last test and are reset before
 * each test.
 *
 * Call it once, at the top of the file: `const { issuer, backend, start } = await gatewayStack()`.
 */
export async function gatewayStack(): Promise<GatewayStack> {
  const issuer = await startIssuer()
  const backend = await startBackend()
  const ofTest: AsyncDisposable[] = []
  const ofFile: AsyncDisposable[] = [issuer, backend]

  beforeEach(() => {
    issuer.reset()
    backend.reset()
    backend.script('listEvents', { body: EVENTS })
  })
  afterEach(() => endAll(ofTest))
  afterAll(() => endAll(ofFile))

  const serve = async (
    env: Environment | undefined,
    options: Partial<GatewayOptions>,
    list: AsyncDisposable[],
  ) => {
    const base = { issuer: issuer.url, functionsBase: backend.url, ...options }
    const served = await serveGateway({ ...base, ...(env && { env }) })
    list.push(served)
    return served
  }
  return {
    issuer,
    backend,
    start: (env, options = {}) => serve(env, options, ofTest),
    startForFile: (env) => serve(env, {}, ofFile),
    endAfterTest: (one) => void ofTest.push(one),
  }
}

/** Disposes of all resources concurrently and empties the list. */
async function endAll(list: AsyncDisposable[]): Promise<void> {
  await Promise.all(list.splice(0).map((one) => one[Symbol.asyncDispose]()))
}

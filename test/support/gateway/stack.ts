import { afterAll, afterEach, beforeEach } from 'vitest'
import { type Backend, startBackend } from '../http/backend.ts'
import { type Issuer, startIssuer } from '../http/issuer.ts'
import { type GatewayOptions, PRIVATE_TOOLS, type Served, serveGateway } from '../http/serve.ts'

type Environment = Readonly<Record<string, string>>

/** What a test of the gateway needs around it: an issuer, a backend, and gateways between them. */
export interface GatewayStack {
  readonly issuer: Issuer
  readonly backend: Backend
  /** A gateway with `TOOLS`, unless `env` has others. It ends after the test that starts it. */
  readonly start: (env?: Environment, options?: Partial<GatewayOptions>) => Promise<Served>
  /** The same, but it ends after the last test of the file. */
  readonly startForFile: (env?: Environment) => Promise<Served>
  /** Ends this after the test, too. */
  readonly endAfterTest: (one: AsyncDisposable) => void
}

/** What `listEvents` answers unless a test scripts it differently. */
export const EVENTS = { events: ['dentist'] }

/** Environment of a gateway without the public tool, so that nothing works without a token. */
export const ALL_PRIVATE = { TOOLS: JSON.stringify(PRIVATE_TOOLS) }

/**
 * Starts the issuer and the backend of a test file, which ends them after its last test. Before
 * each test both forget their calls, and what they answer is as usual again.
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

/** Ends them at the same time, and empties the list. */
async function endAll(list: AsyncDisposable[]): Promise<void> {
  await Promise.all(list.splice(0).map((one) => one[Symbol.asyncDispose]()))
}

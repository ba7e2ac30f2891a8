import { type Callbacks, createCallbacks } from './client/client.ts'
import type { ConnectOptions } from './connect-options.ts'
import { readProtectedResource } from './discovery/discovery.ts'
import { StepError } from './failure.ts'
import { type Access, createSends, obtainAccess, type Sends, stepUp } from './sign-in/access.ts'
import { type ConnectStep, createSteps, notReached, type StepResult, type Steps } from './step.ts'
import { callTool, listTools, openClient } from './tools.ts'

export interface Connection {
  readonly url: string
  /** False if a step failed. */
  readonly ok: boolean
  /** All steps; those after a failure are "not reached". */
  readonly steps: readonly ConnectStep[]
}

/** Access from another sign-in, and the reason for it. */
interface Renewed {
  readonly access: Access
  readonly why: string
}

/**
 * Connects like ChatGPT: discovery, registration, admission, sign-in, token, tools, a call. Stops at the
 * first failed step. Throws other errors only for bugs.
 *
 * @throws UsageError if the server lists no tool `toolCall.name`.
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { url } = options
  const { ok, steps } = await reportSteps(options, (run) => runSteps(run, options))
  return { url, ok, steps }
}

/**
 * Runs the steps of `connect` up to the token. Returns the access token, which is a credential; undefined
 * if a step failed.
 */
export async function requestToken(options: ConnectOptions): Promise<string | undefined> {
  const { value } = await reportSteps(options, async (run) => {
    await using opened = new AsyncDisposableStack()
    const callbacks = createCallbacks(opened, options.url)
    const { accessToken } = await obtainAccess(run, createSends(options), callbacks, options)
    return accessToken
  })
  return value
}

/** Reports the steps that `work` runs, and those after a failure as not reached. */
async function reportSteps<Value>(
  { onStep, now = Date.now }: ConnectOptions,
  work: (run: Steps['run']) => Promise<Value>,
): Promise<Pick<Connection, 'ok' | 'steps'> & { readonly value?: Value }> {
  const { run, completed } = createSteps(onStep, now)
  try {
    const value = await work(run)
    return { ok: true, steps: completed, value }
  } catch (error) {
    if (!(error instanceof StepError)) throw error
    const rest = notReached(completed)
    for (const step of rest) onStep(step)
    return { ok: false, steps: [...completed, ...rest] }
  }
}

/**
 * Runs all steps in order. If the server requires more scopes or names a different authorization server
 * than before, the client signs in again within the step, like other clients.
 *
 * @throws StepError of the first failed step.
 */
async function runSteps(run: Steps['run'], options: ConnectOptions): Promise<void> {
  const sends = createSends(options)
  await using opened = new AsyncDisposableStack()
  const callbacks = createCallbacks(opened, options.url)
  let access = await obtainAccess(run, sends, callbacks, options)
  const withAccess = async <Value>(
    use: () => Promise<StepResult<Value>>,
  ): Promise<StepResult<Value>> => {
    try {
      return await use()
    } catch (error) {
      const renewed = await renew(error, access, sends, callbacks, options)
      if (renewed === undefined) throw error
      access = renewed.access
      const result = await use()
      return { ...result, seen: `${result.seen}, after ${renewed.why}` }
    }
  }
  const { mcp, tools } = await run('tools', () =>
    withAccess(async () => {
      const token = () => access.accessToken
      const mcp = await openClient(sends.mcp, options.url, token, options.imitation)
      opened.defer(() => mcp.close())
      const { value, seen } = await listTools(mcp)
      return { value: { mcp, tools: value }, seen }
    }),
  )
  await run('call', () => withAccess(() => callTool(mcp, tools, access.scopes, options.toolCall)))
}

/** Signs in again if that can correct the error; otherwise returns undefined. */
async function renew(
  error: unknown,
  access: Access,
  sends: Sends,
  callbacks: Callbacks,
  options: ConnectOptions,
): Promise<Renewed | undefined> {
  if (!(error instanceof StepError)) return undefined
  const missing = error.scopes.filter((scope) => !access.resource.scopes.includes(scope))
  if (error.id === 'insufficient_scope' && missing.length > 0) {
    const renewed = await stepUp(runSilently, sends, callbacks, options, access, missing)
    return { access: renewed, why: `another sign-in for ${missing.join(' ')}` }
  }
  if (error.id !== 'token_rejected') return undefined
  const { value } = await readProtectedResource(sends.discovery, options.url)
  const { authorizationServer } = value
  if (authorizationServer === access.resource.authorizationServer) return undefined
  const renewed = await obtainAccess(runSilently, sends, callbacks, options)
  return { access: renewed, why: `another sign-in, at ${authorizationServer}` }
}

/** Runs a nested step without reporting it. */
async function runSilently<Value>(
  _: unknown,
  work: () => Promise<StepResult<Value>>,
): Promise<Value> {
  return (await work()).value
}

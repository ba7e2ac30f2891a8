import { StepError } from './causes/step-error.ts'
import { type Callbacks, createCallbacks } from './client/client.ts'
import type { ConnectOptions } from './connect-options.ts'
import { readProtectedResource } from './discovery/discovery.ts'
import { type Access, createSends, obtainAccess, type Sends, stepUp } from './sign-in/access.ts'
import type { Found, Steps } from './step.ts'
import { callTool, listTools, openClient } from './tools.ts'

/** Access that another sign-in brought, and why there was one. */
interface Renewed {
  readonly access: Access
  readonly why: string
}

/**
 * Takes all steps, one after the other. Where the server asks for more scopes, or names another
 * authorization server than before, the client signs in once more within the step, as clients do.
 *
 * @throws StepError of the first that failed.
 */
export async function takeSteps({ run }: Steps, options: ConnectOptions): Promise<void> {
  const sends = createSends(options)
  await using opened = new AsyncDisposableStack()
  const callbacks = createCallbacks(opened, options.url)
  let access = await obtainAccess(run, sends, callbacks, options)
  const withAccess = async <Value>(use: () => Promise<Found<Value>>): Promise<Found<Value>> => {
    try {
      return await use()
    } catch (error) {
      const renewed = await renew(error, access, sends, callbacks, options)
      if (renewed === undefined) throw error
      access = renewed.access
      const { value, seen } = await use()
      return { value, seen: `${seen}, after ${renewed.why}` }
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
  await run('call', () => withAccess(() => callTool(mcp, tools, access.scopes)))
}

/** Signs in again where that can help; undefined where it cannot. */
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
    const renewed = await stepUp(quietly, sends, callbacks, options, access, missing)
    return { access: renewed, why: `another sign-in for ${missing.join(' ')}` }
  }
  if (error.id !== 'token_rejected') return undefined
  const { value } = await readProtectedResource(sends.discovery, options.url)
  const { authorizationServer } = value
  if (authorizationServer === access.resource.authorizationServer) return undefined
  const renewed = await obtainAccess(quietly, sends, callbacks, options)
  return { access: renewed, why: `another sign-in, at ${authorizationServer}` }
}

/** A step within a step is not reported. */
async function quietly<Value>(_: unknown, take: () => Promise<Found<Value>>): Promise<Value> {
  return (await take()).value
}

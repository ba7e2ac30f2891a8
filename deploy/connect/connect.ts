import { randomUUID } from 'node:crypto'
import { type Callback, startCallback } from './callback.ts'
import { readAuthorizationServer, readProtectedResource } from './discovery.ts'
import { boundedFetch, type Fetch } from './fetch-document.ts'
import type { Person } from './form-sign-in.ts'
import { isLocalTenant } from './local-tenant.ts'
import { register, waitForAdmission } from './registration.ts'
import {
  exchangeCode,
  prepareSignIn,
  readAnswer,
  signInByBrowser,
  signInByForms,
} from './sign-in.ts'
import { createSteps, notReached, type Step, StepError, type Steps } from './step.ts'
import { readToken } from './token.ts'
import { callTool, listTools, openClient } from './tools.ts'

export interface ConnectOptions {
  /** The MCP endpoint. */
  readonly url: string
  /** Who signs in at the local tenant. */
  readonly person: Person
  /** A client that exists: nothing is registered. */
  readonly clientId?: string | undefined
  readonly onStep: (step: Step) => void
  /** Shows a person the sign-in page. */
  readonly openBrowser: (url: string) => void
  readonly fetch?: Fetch
  /** How long a new client may take to be admitted, in milliseconds. */
  readonly admissionMs?: number
  /** How long a person may take to sign in, in milliseconds. */
  readonly signInMs?: number
}

export interface Connection {
  readonly url: string
  readonly ok: boolean
  /** All of them; those after a failure as not reached. */
  readonly steps: readonly Step[]
}

const ADMISSION_MS = 20_000
const SIGN_IN_MS = 5 * 60_000
/** What a connector of ChatGPT has; at the local tenant nobody has to follow it. */
const CHATGPT_REDIRECT_URI = 'https://chatgpt.com/connector/oauth/npm-run-connect'

/**
 * Connects as ChatGPT would: discovery, registration, admission, sign-in, token, tools, a call. Stops
 * at the first step that fails. Only a bug is thrown.
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const steps = createSteps(options.onStep)
  try {
    await using callback = await startCallback(options.signInMs ?? SIGN_IN_MS)
    await takeSteps(steps, options, callback)
    return { url: options.url, ok: true, steps: steps.taken }
  } catch (error) {
    if (!(error instanceof StepError)) throw error
    const rest = notReached(steps.taken)
    for (const step of rest) options.onStep(step)
    return { url: options.url, ok: false, steps: [...steps.taken, ...rest] }
  }
}

async function takeSteps(
  { run }: Steps,
  { url, person, clientId, openBrowser, ...options }: ConnectOptions,
  callback: Callback,
): Promise<void> {
  const send = boundedFetch(options.fetch ?? fetch)
  const resource = await run('protected-resource', () => readProtectedResource(send, url))
  const metadata = await run('authorization-server', () =>
    readAuthorizationServer(send, resource.authorizationServer, clientId === undefined),
  )
  const isLocal = await isLocalTenant(send, metadata)
  const redirectUri = isLocal ? CHATGPT_REDIRECT_URI : callback.redirectUri
  const client = await run('registration', async () =>
    clientId === undefined
      ? register(send, metadata, redirectUri)
      : { value: clientId, seen: `${clientId} exists: nothing was registered` },
  )
  const state = randomUUID()
  const request = { metadata, resource, clientId: client, redirectUri, state }
  const authorization = await prepareSignIn(request)
  await run('admission', () =>
    waitForAdmission(send, authorization.url, redirectUri, options.admissionMs ?? ADMISSION_MS),
  )
  const answer = await run('sign-in', async () => {
    const at = isLocal
      ? await signInByForms(send, authorization, person)
      : await signInByBrowser(authorization, callback, openBrowser)
    return readAnswer(at, authorization, metadata)
  })
  // The token names Auth0's issuer, also where the gateway's own metadata names the gateway.
  const issuer = isCurated(resource.authorizationServer, url)
    ? `${new URL(metadata.token_endpoint).origin}/`
    : metadata.issuer
  let accessToken = ''
  const { scopes } = await run('token', async () => {
    const tokens = await exchangeCode(send, request, authorization, answer)
    accessToken = tokens.access_token
    return readToken(accessToken, { issuer, audience: resource.resource })
  })
  const mcp = await run('tools', async () => {
    const opened = await openClient(send, url, accessToken)
    const { value, seen } = await listTools(opened)
    return { value: { opened, tools: value }, seen }
  })
  await run('call', () => callTool(mcp.opened, mcp.tools, scopes)).finally(() => mcp.opened.close())
}

/** Curated metadata names the gateway's own origin as authorization server. */
function isCurated(authorizationServer: string, url: string): boolean {
  return new URL(authorizationServer).origin === new URL(url).origin
}

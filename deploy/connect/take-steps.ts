import { randomUUID } from 'node:crypto'
import { checkClient, waitForAdmission } from './admission.ts'
import { type Answer, readAnswer } from './authorization-response.ts'
import { type Callback, startCallback } from './callback.ts'
import type { ConnectOptions } from './connect-options.ts'
import { readAuthorizationServer, readProtectedResource } from './discovery.ts'
import { exchangeCode } from './exchange.ts'
import { boundedFetch, type Fetch } from './fetch-document.ts'
import { findLocalTenant, type LocalTenant } from './local-tenant.ts'
import { register } from './registration.ts'
import {
  type Authorization,
  type AuthorizationRequest,
  prepareSignIn,
  signInByAddress,
  signInByBrowser,
  signInByForms,
} from './sign-in.ts'
import { type Found, oneLine, type Steps } from './step.ts'
import { StepError } from './step-error.ts'
import { readToken } from './token.ts'
import { callTool, listTools, openClient } from './tools.ts'

const ADMISSION_MS = 20_000
const SIGN_IN_MS = 5 * 60_000

/** The client of this connection. */
interface ConnectingClient {
  readonly clientId: string
  readonly redirectUri: string
  readonly callback: Callback
}

/**
 * Takes all steps, one after the other.
 *
 * @throws StepError of the first that failed.
 */
export async function takeSteps({ run }: Steps, options: ConnectOptions): Promise<void> {
  const { url } = options
  const send = boundedFetch(options.fetch ?? fetch)
  const resource = await run('protected-resource', () => readProtectedResource(send, url))
  const metadata = await run('authorization-server', () =>
    readAuthorizationServer(send, resource.authorizationServer, options.clientId === undefined),
  )
  const tenant = await findLocalTenant(send, metadata)
  await using opened = new AsyncDisposableStack()
  const client = await run('registration', async () => {
    const callback = opened.use(await startCallback(options.callbackPort ?? 0))
    return options.clientId === undefined
      ? registerNew(send, metadata, callback)
      : takeGiven(options.clientId, options.redirectUri, tenant, callback)
  })
  const request = { metadata, resource, ...client, state: randomUUID() }
  const authorization = await run('admission', () => admit(send, options, request, tenant))
  const answer = await run('sign-in', async () => {
    const at = tenant
      ? await signInByForms(send, authorization, options.person)
      : await signInAtAuth0(options, authorization, client.callback)
    return readAnswer(at, authorization, metadata)
  })
  const token = await run('token', () => obtainToken(send, options, request, authorization, answer))
  const { mcp, tools } = await run('tools', async () => {
    const mcp = await openClient(send, url, token.accessToken)
    opened.defer(() => mcp.close())
    const { value, seen } = await listTools(mcp)
    return { value: { mcp, tools: value }, seen }
  })
  await run('call', () => callTool(mcp, tools, token.scopes))
}

async function registerNew(
  send: Fetch,
  metadata: AuthorizationRequest['metadata'],
  callback: Callback,
): Promise<Found<ConnectingClient>> {
  const { redirectUri } = callback
  const { value: clientId, seen } = await register(send, metadata, redirectUri)
  return { value: { clientId, redirectUri, callback }, seen }
}

/** At the local tenant the redirect URI need not be on this machine: the client's own is used. */
async function takeGiven(
  clientId: string,
  given: string | undefined,
  tenant: LocalTenant | undefined,
  callback: Callback,
): Promise<Found<ConnectingClient>> {
  const { clients = [] } = (await tenant?.()) ?? {}
  const [own] = clients.find(({ client_id }) => client_id === clientId)?.callbacks ?? []
  const redirectUri = given ?? own ?? callback.redirectUri
  const seen = `skipped (--client-id): ${clientId}, redirect URI ${redirectUri}`
  return { value: { clientId, redirectUri, callback }, seen }
}

function signInAtAuth0(
  { openBrowser, redirectUri, askForAddress, signInMs = SIGN_IN_MS }: ConnectOptions,
  authorization: Authorization,
  callback: Callback,
): Promise<URL> {
  if (redirectUri === undefined) {
    return signInByBrowser(authorization, callback, openBrowser, signInMs)
  }
  if (askForAddress === undefined) {
    throw new StepError('sign_in_refused', `${redirectUri} is not on this machine`)
  }
  return signInByAddress(authorization, openBrowser, askForAddress)
}

async function admit(
  send: Fetch,
  {
    clientId,
    admissionMs = ADMISSION_MS,
    now = Date.now,
    onWait = () => undefined,
  }: ConnectOptions,
  request: AuthorizationRequest,
  tenant: LocalTenant | undefined,
): Promise<Found<Authorization>> {
  const value = await prepareSignIn(request)
  const about = { authorizationUrl: value.url, tenant, now, patienceMs: admissionMs }
  const waiting = { ...request, ...about, onWait: (line: string) => onWait(oneLine(line)) }
  const seen = await (clientId === undefined
    ? waitForAdmission(send, waiting)
    : checkClient(send, waiting))
  return { value, seen }
}

async function obtainToken(
  send: Fetch,
  { url, now = Date.now, takesOpaqueToken = false }: ConnectOptions,
  request: AuthorizationRequest,
  authorization: Authorization,
  answer: Answer,
) {
  const accessToken = await exchangeCode(send, request, authorization, answer)
  if (takesOpaqueToken && accessToken.split('.').length !== 3) {
    return { value: { accessToken, scopes: request.resource.scopes }, seen: 'not a JWT' }
  }
  const expected = {
    issuer: tokenIssuer(request.metadata, url),
    audience: request.resource.resource,
    now: now(),
  }
  const { value, seen } = readToken(accessToken, expected)
  return { value: { accessToken, ...value }, seen }
}

/**
 * The expected issuer of the token: Auth0, also where the metadata names the gateway as authorization
 * server (AUTH_SERVER_METADATA=curated).
 */
function tokenIssuer(
  { issuer, token_endpoint }: { readonly issuer: string; readonly token_endpoint: string },
  url: string,
): string {
  const isCurated = new URL(issuer).origin === new URL(url).origin
  return isCurated ? `${new URL(token_endpoint).origin}/` : issuer
}

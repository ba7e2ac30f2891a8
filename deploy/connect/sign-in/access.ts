import { randomUUID } from 'node:crypto'
import type { AuthorizationServerMetadata } from '@modelcontextprotocol/client'
import type { Fetch } from '../../diagnostics/probe.ts'
import {
  type Callbacks,
  type ConnectingClient,
  chooseClient,
  isOnThisMachine,
} from '../client/client.ts'
import { metadataDocumentOf, withUserAgent } from '../client/imitate.ts'
import type { ConnectOptions } from '../connect-options.ts'
import { probeByGet } from '../discovery/challenge.ts'
import {
  type ProtectedResource,
  readAuthorizationServer,
  readProtectedResource,
} from '../discovery/discovery.ts'
import { findLocalTenant, type LocalTenant } from '../discovery/local-tenant.ts'
import { StepError } from '../failure.ts'
import { oneLine, type StepResult, type Steps } from '../step.ts'
import { type Admitted, checkClient, waitForAdmission } from './admission.ts'
import { type AuthorizationResponse, readAuthorizationResponse } from './authorization-response.ts'
import {
  type Authorization,
  type AuthorizationRequest,
  prepareSignIn,
  signInByAddress,
  signInByBrowser,
  signInByForms,
} from './sign-in.ts'
import { exchangeCode, readToken, type TokenClaims } from './token.ts'

const ADMISSION_MS = 20_000
const SIGN_IN_MS = 5 * 60_000

/** The `fetch` for each kind of request. `sendRequest` and `reportingFetch` add the time limits. */
export interface Sends {
  readonly discovery: Fetch
  readonly token: Fetch
  readonly mcp: Fetch
  /** For browser requests, without the client's `User-Agent`. */
  readonly browser: Fetch
}

/** The result of a sign-in, and the input of another one. */
export interface Access {
  readonly accessToken: string
  readonly scopes: readonly string[]
  readonly resource: ProtectedResource
  readonly metadata: AuthorizationServerMetadata
  readonly tenant: LocalTenant | undefined
  readonly client: ConnectingClient
}

/** Creates the `fetch` for each kind of request, with the client's user agent. */
export function createSends({ fetch: given = fetch, imitation }: ConnectOptions): Sends {
  const { discovery, token, mcp } = imitation?.userAgent ?? {}
  return {
    browser: given,
    discovery: withUserAgent(given, discovery),
    token: withUserAgent(given, token),
    mcp: withUserAgent(given, mcp),
  }
}

/**
 * Runs the steps up to the token: discovery, registration, admission and sign-in.
 *
 * @throws StepError of the first failed step.
 */
export async function obtainAccess(
  run: Steps['run'],
  sends: Sends,
  callbacks: Callbacks,
  options: ConnectOptions,
): Promise<Access> {
  const { url, imitation, clientId } = options
  const resource = await run('protected-resource', () => readResource(sends, options))
  const metadata = await run('authorization-server', () =>
    readAuthorizationServer(sends.discovery, resource.authorizationServer, {
      isFallback: resource.resource === undefined,
      needsRegistration: (found) =>
        clientId === undefined && metadataDocumentOf(imitation, found, url) === undefined,
    }),
  )
  const tenant = await findLocalTenant(sends.discovery, metadata)
  const requested = withAddedScopes(resource, metadata, imitation?.addedScopes)
  const client = await run('registration', () =>
    chooseClient(sends.discovery, metadata, requested, tenant, callbacks, options),
  )
  const found = { resource: requested, metadata, tenant, client }
  return signIn(run, sends, callbacks, options, found)
}

/** Signs in with the same client again, for these scopes in addition to the earlier ones. */
export async function stepUp(
  run: Steps['run'],
  sends: Sends,
  callbacks: Callbacks,
  options: ConnectOptions,
  access: Access,
  scopes: readonly string[],
): Promise<Access> {
  const union = [...new Set([...access.resource.scopes, ...scopes])]
  const resource = { ...access.resource, scopes: union }
  return signIn(run, sends, callbacks, options, { ...access, resource })
}

async function readResource(sends: Sends, { url, imitation }: ConnectOptions) {
  const probed = imitation?.probesByGet === true ? await probeByGet(sends.mcp, url) : undefined
  const found = await readProtectedResource(sends.discovery, url, imitation?.fallsBackToOrigin)
  return probed === undefined ? found : { ...found, seen: `${found.seen}, ${probed}` }
}

function withAddedScopes(
  resource: ProtectedResource,
  { scopes_supported = [] }: AuthorizationServerMetadata,
  added: readonly string[] = [],
): ProtectedResource {
  const listed = added.filter((scope) => scopes_supported.includes(scope))
  return { ...resource, scopes: [...new Set([...resource.scopes, ...listed])] }
}

async function signIn(
  run: Steps['run'],
  sends: Sends,
  callbacks: Callbacks,
  options: ConnectOptions,
  found: Omit<Access, 'accessToken' | 'scopes'>,
): Promise<Access> {
  const { resource, metadata, tenant } = found
  const { client, redirectUri } = found.client
  const request = { resource, metadata, client, redirectUri, state: randomUUID() }
  const admitted = await run('admission', () => admit(sends.browser, options, request, found))
  const { authorization } = admitted
  const answer = await run('sign-in', async () => {
    const url =
      admitted.answer ??
      (tenant
        ? await signInByForms(sends.browser, authorization, options.person)
        : await signInAtAuth0(options, authorization, callbacks))
    return readAuthorizationResponse(url, authorization, metadata)
  })
  const token = await run('token', () =>
    obtainToken(sends.token, options, request, authorization, answer),
  )
  return { ...found, ...token }
}

async function admit(
  send: Fetch,
  { admissionMs = ADMISSION_MS, now = Date.now, onWait = () => undefined }: ConnectOptions,
  request: AuthorizationRequest,
  { client, tenant }: Pick<Access, 'client' | 'tenant'>,
): Promise<StepResult<Omit<Admitted, 'seen'> & { readonly authorization: Authorization }>> {
  const authorization = await prepareSignIn(request)
  const { client_id: clientId } = request.client
  const waiting = {
    ...request,
    ...{ clientId, tenant, now },
    authorizationUrl: authorization.url,
    limitMs: admissionMs,
    onWait: (line: string) => onWait(oneLine(line)),
  }
  if (client.origin === 'registered') {
    const { seen, ...start } = await waitForAdmission(send, waiting)
    return { value: { authorization, ...start }, seen }
  }
  const why = client.origin === 'given' ? '--client-id' : client.origin
  const start = await checkClient(send, waiting, client.origin === 'metadata document')
  return { value: { authorization, ...start }, seen: `skipped (${why}): the sign-in may start` }
}

async function signInAtAuth0(
  { openBrowser, askForAddress, signInMs = SIGN_IN_MS, ...options }: ConnectOptions,
  authorization: Authorization,
  callbacks: Callbacks,
): Promise<URL> {
  const { redirectUri } = authorization
  if (options.redirectUri === undefined && isOnThisMachine(redirectUri)) {
    const callback = await callbacks()
    return signInByBrowser(authorization, callback, openBrowser, signInMs)
  }
  if (askForAddress === undefined) {
    throw new StepError('sign_in_refused', `${redirectUri} is not on this machine`)
  }
  return signInByAddress(authorization, openBrowser, askForAddress)
}

async function obtainToken(
  send: Fetch,
  { url, now = Date.now, takesOpaqueToken = false }: ConnectOptions,
  request: AuthorizationRequest,
  authorization: Authorization,
  answer: AuthorizationResponse,
): Promise<StepResult<TokenClaims & { readonly accessToken: string }>> {
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
 * The expected issuer of the token: Auth0, even if the metadata names the gateway as authorization server
 * (AUTH_SERVER_METADATA=curated).
 */
function tokenIssuer(
  { issuer, token_endpoint }: { readonly issuer: string; readonly token_endpoint: string },
  url: string,
): string {
  const isCurated = new URL(issuer).origin === new URL(url).origin
  return isCurated ? `${new URL(token_endpoint).origin}/` : issuer
}

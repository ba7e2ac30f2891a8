import {
  type AuthorizationServerMetadata,
  type OAuthClientInformationMixed,
  startAuthorization,
} from '@modelcontextprotocol/client'
import type { Fetch } from '../../diagnostics/probe.ts'
import type { Callback } from '../client/callback.ts'
import type { ProtectedResource } from '../discovery/discovery.ts'
import { reportingFetch } from '../discovery/send-request.ts'
import { faultOfRefusal, StepError } from '../failure.ts'
import { type Person, StuckError, signIn } from './form-sign-in.ts'

/** An authorization request, ready to be opened. */
export interface Authorization {
  readonly url: URL
  readonly redirectUri: string
  readonly state: string
  readonly codeVerifier: string
}

/** The input of an authorization request. */
export interface AuthorizationRequest {
  readonly metadata: AuthorizationServerMetadata
  readonly resource: ProtectedResource
  readonly client: OAuthClientInformationMixed
  readonly redirectUri: string
  readonly state: string
}

/**
 * Prepares the authorization request of ChatGPT, with PKCE and the resource (RFC 8707).
 *
 * @throws StepError if the authorization server does not support the code flow with PKCE.
 */
export async function prepareSignIn(request: AuthorizationRequest): Promise<Authorization> {
  const { metadata, resource, client, redirectUri, state } = request
  const offline = metadata.scopes_supported?.includes('offline_access') ? ['offline_access'] : []
  const { authorizationUrl, codeVerifier } = await startAuthorization(metadata.issuer, {
    metadata,
    clientInformation: client,
    redirectUrl: redirectUri,
    scope: [...new Set([...resource.scopes, ...offline])].join(' '),
    state,
    // A string, because a URL would add a slash to an origin.
    ...(resource.resource !== undefined && { resource: resource.resource }),
  }).catch((error: Error) => {
    throw new StepError('issuer_unreachable', error.message)
  })
  return { url: authorizationUrl, redirectUri, state, codeVerifier }
}

/** Signs in through plain HTML forms, such as those of the local tenant. */
export async function signInByForms(
  send: Fetch,
  { url, redirectUri }: Authorization,
  person: Person,
): Promise<URL> {
  try {
    return await signIn(url, redirectUri, person, reportingFetch(send))
  } catch (error) {
    if (!(error instanceof StuckError)) throw error
    const isPassword = /name="password"/.test(error.page)
    const id = isPassword ? 'wrong_password' : faultOfRefusal(error.message, 'sign_in_refused')
    throw new StepError(id, error.message)
  }
}

/** Opens the sign-in in a browser, and waits for the authorization response on loopback. */
export async function signInByBrowser(
  { url }: Authorization,
  { answer }: Callback,
  openBrowser: (url: string) => void,
  timeoutMs: number,
): Promise<URL> {
  openBrowser(url.href)
  const answered = await answer(timeoutMs)
  if (answered === undefined)
    throw new StepError('sign_in_timed_out', 'no authorization response arrived')
  return answered
}

/**
 * Opens the sign-in in a browser, which ends on a page of another machine. The user pastes the address
 * of that page.
 */
export async function signInByAddress(
  { url, redirectUri }: Authorization,
  openBrowser: (url: string) => void,
  askForAddress: () => Promise<string>,
): Promise<URL> {
  openBrowser(url.href)
  const answered = URL.parse((await askForAddress()).trim())
  if (answered?.href.startsWith(redirectUri) === true) return answered
  throw new StepError('sign_in_refused', `the address does not start with ${redirectUri}`)
}

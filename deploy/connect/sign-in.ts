import { timingSafeEqual } from 'node:crypto'
import { type AuthorizationServerMetadata, startAuthorization } from '@modelcontextprotocol/client'
import { causeOfRefusal, errorIn } from './admission.ts'
import type { Callback } from './callback.ts'
import type { ProtectedResource } from './discovery.ts'
import type { Fetch } from './fetch-document.ts'
import { type Person, StuckError, signIn } from './form-sign-in.ts'
import type { Found } from './step.ts'
import { StepError } from './step-error.ts'

/** A sign-in that is about to start. */
export interface Authorization {
  readonly url: URL
  readonly redirectUri: string
  readonly state: string
  readonly codeVerifier: string
}

/** What a client needs to know before it sends somebody to sign in. */
export interface AuthorizationRequest {
  readonly metadata: AuthorizationServerMetadata
  readonly resource: ProtectedResource
  readonly clientId: string
  readonly redirectUri: string
  readonly state: string
}

/** What comes back from a sign-in that went well. */
export interface Answer {
  readonly code: string
  readonly iss: string | undefined
}

/**
 * The authorization request with PKCE and the resource (RFC 8707), as ChatGPT sends it.
 *
 * @throws StepError when the authorization server offers no such thing.
 */
export async function prepareSignIn(request: AuthorizationRequest): Promise<Authorization> {
  const { metadata, resource, clientId, redirectUri, state } = request
  const offline = metadata.scopes_supported?.includes('offline_access') ? ['offline_access'] : []
  const { authorizationUrl, codeVerifier } = await startAuthorization(metadata.issuer, {
    metadata,
    clientInformation: { client_id: clientId },
    redirectUrl: redirectUri,
    scope: [...resource.scopes, ...offline].join(' '),
    state,
    resource: new URL(resource.resource),
  }).catch((error: Error) => {
    throw new StepError('no_authorization_server', error.message)
  })
  return { url: authorizationUrl, redirectUri, state, codeVerifier }
}

/** Signs in through plain HTML forms, as the local tenant has them. */
export async function signInByForms(
  send: Fetch,
  { url, redirectUri }: Authorization,
  person: Person,
): Promise<URL> {
  try {
    return await signIn(url, redirectUri, person, send)
  } catch (error) {
    if (!(error instanceof StuckError)) throw error
    const isPassword = /name="password"/.test(error.page)
    const id = isPassword ? 'wrong_password' : causeOfRefusal(error.message, 'sign_in_refused')
    throw new StepError(id, error.message)
  }
}

/** Sends a person to the sign-in in a browser, and waits for the answer on loopback. */
export async function signInByBrowser(
  { url }: Authorization,
  { answer }: Callback,
  openBrowser: (url: string) => void,
  timeoutMs: number,
): Promise<URL> {
  openBrowser(url.href)
  const answered = await answer(timeoutMs)
  if (answered === undefined) throw new StepError('sign_in_timed_out', 'no answer came')
  return answered
}

/**
 * The code of an authorization response, checked as RFC 6749 s4.1.2 and RFC 9207 s2.4 ask: nothing
 * of an answer to somebody else's request is told.
 */
export function readAnswer(
  { searchParams }: URL,
  { state }: Authorization,
  metadata: AuthorizationServerMetadata,
): Found<Answer> {
  if (!isSame(searchParams.get('state') ?? '', state)) {
    throw new StepError('state_mismatch', 'the state is another one')
  }
  const iss = searchParams.get('iss') ?? undefined
  if (iss !== undefined && iss !== metadata.issuer) {
    throw new StepError('issuer_in_answer', `iss is ${iss}, not ${metadata.issuer}`)
  }
  const refusal = errorIn(searchParams)
  if (refusal !== undefined) {
    throw new StepError(causeOfRefusal(refusal, 'sign_in_refused'), refusal)
  }
  if (iss === undefined && metadata['authorization_response_iss_parameter_supported'] === true) {
    throw new StepError('issuer_not_in_answer', 'the answer has no iss')
  }
  const code = searchParams.get('code')
  if (code === null) throw new StepError('sign_in_refused', 'the answer has no code')
  return { value: { code, iss }, seen: `a code came back, with our state${iss ? ' and iss' : ''}` }
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}

import { setTimeout as sleep } from 'node:timers/promises'
import { type AuthorizationServerMetadata, registerClient } from '@modelcontextprotocol/client'
import type { CauseId } from './causes.ts'
import { ask, causeOf, describe, type Fetch } from './fetch-document.ts'
import { type Found, StepError } from './step.ts'

const REFUSALS: readonly (readonly [RegExp, CauseId])[] = [
  [/no connections enabled/i, 'no_connection'],
  [/not authorized to access|client grant|unauthorized_client/i, 'no_grant'],
  [/service not found/i, 'unknown_audience'],
  [/unknown client|invalid_client/i, 'client_unknown'],
  [/too many|rate.?limit/i, 'rate_limited'],
  [/callback|redirect/i, 'redirect_uri_refused'],
]
const POLL_MS = 500

/** Registers a client as ChatGPT does (RFC 7591), and returns its id. */
export async function register(
  send: Fetch,
  metadata: AuthorizationServerMetadata,
  redirectUri: string,
): Promise<Found<string>> {
  try {
    const { client_id: clientId } = await registerClient(metadata.issuer, {
      metadata,
      clientMetadata: {
        client_name: 'ChatGPT',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      fetchFn: send,
    })
    return { value: clientId, seen: `${clientId}, redirect URI ${redirectUri}` }
  } catch (error) {
    throw registrationError(error, metadata.registration_endpoint ?? '')
  }
}

function registrationError(error: unknown, endpoint: string): StepError {
  const said = error instanceof Error ? error.message : ''
  const seen = (id: CauseId, what: string) => new StepError(id, `POST ${endpoint}: ${what}`)
  if (said.includes('invalid_redirect_uri')) return seen('redirect_uri_refused', said)
  if (/\b429\b|too many/i.test(said)) return seen('rate_limited', said)
  if (/\b(403|404)\b|endpoint_disabled|registration is off|not enabled/i.test(said)) {
    return seen('registration_closed', said)
  }
  if (error instanceof TypeError) return seen('unreachable', causeOf(error))
  return seen('registration_refused', said)
}

/**
 * Waits until the authorization server lets the client start a sign-in: it then leads to its sign-in
 * page, and before to an error.
 */
export async function waitForAdmission(
  send: Fetch,
  authorizationUrl: URL,
  redirectUri: string,
  patienceMs: number,
): Promise<Found<undefined>> {
  const startedAt = performance.now()
  for (;;) {
    const refusal = await startOfSignIn(send, authorizationUrl, redirectUri)
    const waitedMs = Math.round(performance.now() - startedAt)
    if (refusal === undefined) {
      return { value: undefined, seen: `the sign-in may start, after ${waitedMs} ms` }
    }
    if (waitedMs >= patienceMs) {
      const id = causeOfRefusal(refusal, 'not_admitted')
      throw new StepError(id, `for ${Math.round(waitedMs / 1_000)} s: ${refusal}`)
    }
    await sleep(POLL_MS)
  }
}

/** What the authorization endpoint says instead of leading to the sign-in page. */
async function startOfSignIn(
  send: Fetch,
  authorizationUrl: URL,
  redirectUri: string,
): Promise<string | undefined> {
  const response = await ask(send, authorizationUrl.href)
  const location = response.headers.get('location')
  if (location === null) {
    const page = await response.text()
    return response.ok ? undefined : `${describe(response)}: ${textOf(page)}`
  }
  await response.body?.cancel()
  if (!location.startsWith(redirectUri)) return undefined
  return errorIn(new URL(location))
}

/** The error of an authorization response (RFC 6749 s4.1.2.1), if it is one. */
export function errorIn({ searchParams }: URL): string | undefined {
  const error = searchParams.get('error')
  if (error === null) return undefined
  return [error, searchParams.get('error_description')].filter(Boolean).join(': ')
}

/** The cause that an error of the authorization endpoint stands for, if it is one of those known. */
export function causeOfRefusal(refusal: string, otherwise: CauseId): CauseId {
  return REFUSALS.find(([pattern]) => pattern.test(refusal))?.[1] ?? otherwise
}

function textOf(page: string): string {
  return page
    .replace(/<(style|script|title)[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 200)
}

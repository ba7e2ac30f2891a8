import nodeFetch from 'node-fetch'
import * as z from 'zod/mini'
import { askedDelay } from '../../shared/auth0/management-fetch.ts'
import { HttpError } from '../../shared/http/http-error.ts'
import type { ClientMetadata } from './client-metadata.ts'
import { tooMany, unavailable } from './registration-error.ts'

/** A client that Auth0 has registered. */
export interface RegisteredClient {
  readonly clientId: string
  /** Seconds since the epoch. */
  readonly issuedAt: number
}

/** Registers a client at the issuer. Tests replace it to simulate failures. */
export type RegisterAtIssuer = (metadata: ClientMetadata) => Promise<RegisteredClient>

const TIMEOUT_MS = 10_000
const MAX_BYTES = 64 * 1024
const MAX_RETRY_AFTER_SECONDS = 120
const DEFAULT_RETRY_AFTER_SECONDS = 10

const registrationResponse = z.looseObject({
  client_id: z.string().check(z.minLength(1), z.maxLength(256)),
})
const errorResponse = z.looseObject({
  error: z.optional(z.string()),
  errorCode: z.optional(z.string()),
})

/**
 * Returns a function that registers a client at the issuer's own registration endpoint. The request
 * is sent only once, because without a response it is unknown whether the client exists.
 *
 * The function throws HttpError 400 if the issuer rejects the metadata, 429 with the issuer's
 * Retry-After, and 503 for any other failure.
 */
export function createRegisterAtIssuer(issuer: string, now = Date.now): RegisterAtIssuer {
  const endpoint = new URL('oidc/register', issuer).href
  return async (metadata) => {
    const { status, headers, body } = await post(endpoint, metadata)
    const registered = registrationResponse.safeParse(body)
    if ((status === 200 || status === 201) && registered.success) {
      return { clientId: registered.data.client_id, issuedAt: Math.floor(now() / 1000) }
    }
    throw toHttpError(status, retryAfterSeconds(askedDelay({ status, headers }, now())), body)
  }
}

async function post(endpoint: string, metadata: ClientMetadata) {
  try {
    const response = await nodeFetch(endpoint, {
      method: 'POST',
      redirect: 'error',
      size: MAX_BYTES,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(metadata),
    })
    const body: unknown = await response.json().catch(() => undefined)
    return { status: response.status, headers: response.headers, body }
  } catch (error) {
    const reason = error instanceof Error && error.name === 'AbortError' ? 'timeout' : 'unreachable'
    throw unavailable(`issuer_${reason}`, DEFAULT_RETRY_AFTER_SECONDS)
  }
}

function toHttpError(status: number, retryAfter: number, body: unknown): HttpError {
  const { error, errorCode } = errorResponse.safeParse(body).data ?? {}
  const reason = `issuer_${status}${errorCode === undefined ? '' : `_${errorCode}`}`
  if (status === 429) return tooMany(reason, retryAfter)
  if (status === 400) {
    const code = error === 'invalid_redirect_uri' ? error : 'invalid_client_metadata'
    return new HttpError(400, code, 'The authorization server rejected this client.', { reason })
  }
  return unavailable(reason, retryAfter)
}

function retryAfterSeconds(delayMs = DEFAULT_RETRY_AFTER_SECONDS * 1_000): number {
  return Math.min(Math.max(Math.ceil(delayMs / 1_000), 1), MAX_RETRY_AFTER_SECONDS)
}

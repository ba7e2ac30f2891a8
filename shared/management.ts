import type { ManagementClient } from 'auth0'
import { isLoopback } from './config.ts'

/** The Management API's client, from the `auth0` package. */
export type Management = ManagementClient

export interface ManagementOptions {
  readonly domain: string
  readonly clientId: string
  readonly clientSecret: string
}

const CALL_TIMEOUT_SECONDS = 8
const MAX_RETRIES = 2

/**
 * Returns a function that gives the Management API's client, made on first use: loading the package
 * costs 150 ms, which a cold start need not pay. The client keeps its token until shortly before
 * that expires, ends every call after 8 s, and tries again twice on 408, 429 and 5xx, as late as
 * Auth0's rate limit headers ask.
 */
export function createManagement(options: ManagementOptions): () => Promise<Management> {
  let client: Promise<Management> | undefined
  return () => {
    client ??= import('auth0').then(
      (auth0) =>
        new auth0.ManagementClient({
          ...options,
          timeoutInSeconds: CALL_TIMEOUT_SECONDS,
          maxRetries: MAX_RETRIES,
          telemetry: false,
          fetch: managementFetch,
        }),
    )
    return client
  }
}

const managementFetch: typeof fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input)
  // The package always speaks https; a tenant on this machine has no certificate.
  if (isLoopback(url.hostname)) url.protocol = 'http:'
  try {
    return await fetch(url, { ...init, redirect: 'error' })
  } catch (error) {
    // The package aborts with a string, and then takes its own time-out for an unknown failure.
    if (init?.signal?.aborted) throw new DOMException('The call was given up', 'AbortError')
    throw error
  }
}

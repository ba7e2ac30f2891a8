import type { ManagementClient } from 'auth0'
import {
  CALL_TIMEOUT_MS,
  createManagementFetch,
  type ManagementFetchOptions,
} from './management-fetch.ts'

/** The Management API's client, from the `auth0` package. */
export type Management = ManagementClient

export interface ManagementOptions {
  readonly domain: string
  readonly clientId: string
  readonly clientSecret: string
}

/** Returns the Management API credentials from the configuration variables. */
export function credentialsIn(variables: {
  readonly MGMT_DOMAIN: string
  readonly MGMT_CLIENT_ID: string
  readonly MGMT_CLIENT_SECRET: string
}): ManagementOptions {
  return {
    domain: variables.MGMT_DOMAIN,
    clientId: variables.MGMT_CLIENT_ID,
    clientSecret: variables.MGMT_CLIENT_SECRET,
  }
}

// `createManagementFetch` ends every call. The package's own timer must only end later, because it
// keeps running when a call fails.
const TIMEOUT_MARGIN_SECONDS = 5
// Each token counts against the tenant's quota, and a new one does not have a scope that the
// application lacks.
const MIN_TOKEN_AGE_MS = 60_000

/**
 * Returns a function that creates the Management API's client on first use, because loading the package
 * takes 150 ms of a cold start. The client reuses its token until shortly before it expires. Time limits
 * and retries are those of `createManagementFetch`.
 *
 * A token keeps the scopes that it was issued with. So when Auth0 refuses the token (401), or a token that
 * is at least a minute old lacks a scope (403), the next call of the function returns a client without a
 * token.
 */
export function createManagement(
  { domain, clientId, clientSecret }: ManagementOptions,
  calls: ManagementFetchOptions = {},
  now = Date.now,
): () => Promise<Management> {
  let client: Promise<Management> | undefined
  const make = (): Promise<Management> => {
    const madeAt = now()
    const send = createManagementFetch(calls)
    const fetchWithToken: typeof fetch = async (input, init) => {
      const response = await send(input, init)
      const isOld = now() - madeAt >= MIN_TOKEN_AGE_MS
      const isRefused = response.status === 401 || (response.status === 403 && isOld)
      if (isRefused && client === made) client = undefined
      return response
    }
    const made = import('auth0').then(
      (auth0) =>
        new auth0.ManagementClient({
          domain,
          clientId,
          clientSecret,
          timeoutInSeconds:
            (calls.callTimeoutMs ?? CALL_TIMEOUT_MS) / 1_000 + TIMEOUT_MARGIN_SECONDS,
          // The package would also repeat a POST that may have arrived.
          maxRetries: 0,
          telemetry: false,
          fetch: fetchWithToken,
        }),
    )
    return made
  }
  return () => {
    client ??= make()
    return client
  }
}

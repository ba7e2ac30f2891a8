import type { FetchJson } from '../../shared/http/fetch-json.ts'
import { createRefreshed } from '../../shared/http/refreshed.ts'
import { asObject } from '../../shared/json.ts'
import { failureReason, fetchDiscovery } from './authorization-server.ts'

/**
 * The response of `/health/auth0`. `failing` lists the parts that are unreachable or have no keys.
 */
export interface Auth0Health {
  readonly status: 'ok' | 'failing'
  readonly failing: readonly ('issuer' | 'jwks')[]
  readonly issuer: { readonly url: string; readonly reason?: string }
  readonly jwks: {
    readonly url: string
    readonly keys: readonly string[]
    readonly algorithms: readonly string[]
    /** Seconds since the keys were last fetched; null if they never were. */
    readonly age_seconds: number | null
    readonly reason?: string
  }
  readonly audience: string
}

export interface Auth0HealthOptions {
  readonly issuer: string
  readonly jwksUri: string
  readonly audience: string
  readonly fetch: FetchJson
  /** Returns milliseconds since the epoch. */
  readonly now?: () => number
}

const FRESH_MS = 1_000
const LIMITS = { timeoutMs: 5_000, maxBytes: 256 * 1024 }

/**
 * Returns a function that checks the issuer and its JWKS. Calls within one second share a result.
 */
export function createAuth0Health({
  issuer,
  jwksUri,
  audience,
  fetch,
  now = Date.now,
}: Auth0HealthOptions): () => Promise<Auth0Health> {
  let keys: readonly Readonly<Record<string, unknown>>[] = []
  let fetchedAt: number | undefined

  const check = async (): Promise<Auth0Health> => {
    const [discovery, jwks] = await Promise.allSettled([
      fetchDiscovery(fetch, issuer),
      fetch(jwksUri, LIMITS),
    ])
    if (jwks.status === 'fulfilled') {
      const { keys: listed } = jwks.value
      const objects = Array.isArray(listed) ? listed.map(asObject) : []
      keys = objects.filter((key) => key !== undefined)
      fetchedAt = now()
    }
    const failing = [
      ...(discovery.status === 'rejected' ? (['issuer'] as const) : []),
      ...(jwks.status === 'rejected' || keys.length === 0 ? (['jwks'] as const) : []),
    ]
    return {
      status: failing.length === 0 ? 'ok' : 'failing',
      failing,
      issuer: { url: issuer, ...failureOf(discovery) },
      jwks: {
        url: jwksUri,
        keys: strings(keys.map((key) => key['kid'])),
        algorithms: [...new Set(strings(keys.map((key) => key['alg'])))],
        age_seconds: fetchedAt === undefined ? null : Math.round((now() - fetchedAt) / 1000),
        ...failureOf(jwks),
      },
      audience,
    }
  }

  // The check never rejects: it reports what is unreachable.
  return createRefreshed({ load: check, freshMs: FRESH_MS, cooldownMs: 0, now }).get
}

function failureOf(result: PromiseSettledResult<unknown>): { reason?: string } {
  return result.status === 'rejected' ? { reason: failureReason(result.reason) } : {}
}

function strings(values: readonly unknown[]): string[] {
  return values.filter((value) => typeof value === 'string')
}

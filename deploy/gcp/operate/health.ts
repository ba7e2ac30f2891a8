import { asObject } from '../../../shared/json.ts'

/** The result of a health request. */
export interface Health {
  readonly url: string
  readonly isHealthy: boolean
  /** HTTP status; undefined = no response. */
  readonly status: number | undefined
  /** Why the part is not healthy. */
  readonly problem?: string | undefined
  /** Version, commit and build time from the response. */
  readonly version?: Readonly<Record<string, string>>
}

interface Probe {
  readonly method: string
  readonly path: string
  /** The status that shows that the function itself responded. */
  readonly status: number
}

const TIMEOUT_MS = 15_000
/** No probe needs credentials; a 401 of log-webhook shows that it runs and has its secrets. */
const PROBES: Readonly<Record<string, Probe>> = {
  metadata: { method: 'GET', path: '/health', status: 200 },
  gateway: { method: 'GET', path: '/openapi.json', status: 200 },
  'log-webhook': { method: 'POST', path: '/auth0-log-webhook', status: 401 },
  registration: { method: 'OPTIONS', path: '/oauth/register', status: 204 },
}
const AUTH0: Probe = { method: 'GET', path: '/health/auth0', status: 200 }

/**
 * Sends a health request to one function at the public origin; `auth0` checks that the issuer and its
 * keys can be reached. Does not check the response body; `npm run doctor` does.
 */
export async function probe(
  part: string,
  publicUrl: string,
  send: typeof fetch,
): Promise<Health | undefined> {
  const request = part === 'auth0' ? AUTH0 : PROBES[part]
  if (request === undefined) return undefined
  const url = `${publicUrl}${request.path}`
  try {
    const response = await send(url, {
      method: request.method,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const answer = asObject(await response.json().catch(() => undefined)) ?? {}
    const isHealthy = response.status === request.status
    const failing = [answer['failing'] ?? []].flat().join(', ')
    const problem = `${request.method} returned ${response.status}${failing && `, failing: ${failing}`}`
    const version = part === 'metadata' && isHealthy ? versionOf(answer) : undefined
    return {
      url,
      isHealthy,
      status: response.status,
      ...(!isHealthy && { problem }),
      ...(version && { version }),
    }
  } catch (error) {
    const { cause, message } = error instanceof Error ? error : new Error(String(error))
    const problem = cause instanceof Error ? cause.message : message
    return { url, isHealthy: false, status: undefined, problem }
  }
}

function versionOf(answer: Readonly<Record<string, unknown>>): Record<string, string> | undefined {
  const versionFields = Object.entries(answer).flatMap(([name, value]) =>
    name !== 'status' && typeof value === 'string' ? [[name, value] as const] : [],
  )
  return versionFields.length > 0 ? Object.fromEntries(versionFields) : undefined
}

import { asObject } from '../../../shared/json.ts'

/** What a part answered. */
export interface Health {
  readonly url: string
  readonly isHealthy: boolean
  /** HTTP status; undefined when nothing answered. */
  readonly status: number | undefined
  /** Why it is not healthy. */
  readonly problem?: string | undefined
  /** What the answer says of itself: version, commit, build time. */
  readonly version?: Readonly<Record<string, string>>
}

interface Probe {
  readonly method: string
  readonly path: string
  /** The answer that shows that the function itself has answered. */
  readonly status: number
}

const TIMEOUT_MS = 15_000
/** None needs credentials; log-webhook shows by its 401 that it has its secrets and runs. */
const PROBES: Readonly<Record<string, Probe>> = {
  metadata: { method: 'GET', path: '/health', status: 200 },
  gateway: { method: 'GET', path: '/openapi.json', status: 200 },
  'log-webhook': { method: 'POST', path: '/auth0-log-webhook', status: 401 },
  registration: { method: 'OPTIONS', path: '/oauth/register', status: 204 },
}
const AUTH0: Probe = { method: 'GET', path: '/health/auth0', status: 200 }

/**
 * Asks one function at the public origin; `auth0` asks whether the issuer and its keys can be reached.
 * Not checked: what the answer holds. `npm run doctor` does that.
 */
export async function probe(
  part: string,
  publicUrl: string,
  send: typeof fetch,
): Promise<Health | undefined> {
  const asked = part === 'auth0' ? AUTH0 : PROBES[part]
  if (asked === undefined) return undefined
  const url = `${publicUrl}${asked.path}`
  try {
    const response = await send(url, {
      method: asked.method,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const answer = asObject(await response.json().catch(() => undefined)) ?? {}
    const isHealthy = response.status === asked.status
    const failing = [answer['failing'] ?? []].flat().join(', ')
    const problem = `${asked.method} answered ${response.status}${failing && `, failing: ${failing}`}`
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
  const said = Object.entries(answer).flatMap(([name, value]) =>
    name !== 'status' && typeof value === 'string' ? [[name, value] as const] : [],
  )
  return said.length > 0 ? Object.fromEntries(said) : undefined
}

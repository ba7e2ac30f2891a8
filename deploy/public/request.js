export const NO_RESPONSE = 'does not respond'

const TIMEOUT_MS = 10_000

/** The response to a request to this origin; undefined without a response in time. */
export async function request(path, method = 'GET') {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    return await fetch(path, { method, cache: 'no-store', signal })
  } catch {
    return undefined
  }
}

/** The problem with a response; undefined for a successful one. */
export function problemOf(response) {
  if (response === undefined) return NO_RESPONSE
  return response.ok ? undefined : `responds with ${response.status}`
}

/** The JSON object at a path, and the problem with the response. A body without an object is a problem. */
export async function readJson(path) {
  const response = await request(path)
  const value = await response?.json().catch(() => undefined)
  if (response === undefined || Object(value) === value) {
    return { value, problem: problemOf(response) }
  }
  return { problem: `responds with ${response.status} but no JSON` }
}

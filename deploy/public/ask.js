export const NO_ANSWER = 'does not respond'

const TIMEOUT_MS = 10_000

/** Fetches a path of this origin; undefined if there is no response. */
export async function reach(path, method = 'GET') {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    return await fetch(path, { method, cache: 'no-store', signal })
  } catch {
    return undefined
  }
}

/** Returns the problem of a response; undefined if there is none. */
export function problemOf(answer) {
  if (answer === undefined) return NO_ANSWER
  return answer.ok ? undefined : `returns ${answer.status}`
}

/** Fetches the JSON object at a path. Returns the object and the problem, if any. */
export async function ask(path) {
  const answer = await reach(path)
  const value = await answer?.json().catch(() => undefined)
  if (answer === undefined || Object(value) === value) return { value, problem: problemOf(answer) }
  return { problem: `returns ${answer.status} without JSON` }
}

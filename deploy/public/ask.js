export const NO_ANSWER = 'does not answer'

const TIMEOUT_MS = 10_000

/** The answer of this origin's path; undefined when none comes. */
export async function reach(path, method = 'GET') {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    return await fetch(path, { method, cache: 'no-store', signal })
  } catch {
    return undefined
  }
}

/** What is wrong with an answer; undefined when nothing is. */
export function problemOf(answer) {
  if (answer === undefined) return NO_ANSWER
  return answer.ok ? undefined : `answers ${answer.status}`
}

/** The JSON object at a path, and what is wrong with the answer; what is no JSON is as good as nothing. */
export async function ask(path) {
  const answer = await reach(path)
  const value = await answer?.json().catch(() => undefined)
  if (answer === undefined || Object(value) === value) return { value, problem: problemOf(answer) }
  return { problem: `answers ${answer.status} and no JSON` }
}

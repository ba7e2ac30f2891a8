import type { Answer, Served } from '../http/serve.ts'

type Json = Readonly<Record<string, unknown>>

/** The authorization value of the log stream. */
export const SECRET = 'a-log-stream-secret-for-tests-0123456789'

/** Sends records to log-webhook as the log stream does. `headers` replaces header fields. */
export function deliverTo(
  served: Served,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return served.send({
    method: 'POST',
    path: '/auth0-log-webhook',
    headers: { 'content-type': 'application/json', authorization: SECRET, ...headers },
    body,
  })
}

/** The outcome of each record in the response to a delivery. */
export function outcomesIn(answer: Answer): Json[] {
  return answer.json<{ records: Json[] }>().records
}

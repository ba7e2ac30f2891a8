import {
  type ByteBudget,
  createByteBudget,
} from '../../../functions/gateway/backend/response-budget.ts'
import { type OutgoingRequest, SendError, send } from '../../../functions/gateway/backend/send.ts'

/** A budget without a limit. */
export const PLENTY = createByteBudget(Number.MAX_SAFE_INTEGER)

/** Calls a backend on this machine. Returns the response body, or the failure. */
export function call(
  port: number,
  sent: Partial<OutgoingRequest> = {},
  budget: ByteBudget = PLENTY,
  timeoutMs = 60_000,
): Promise<string> {
  return send(
    {
      method: 'GET',
      origin: `http://127.0.0.1:${port}`,
      path: '/',
      headers: {},
      body: undefined,
      ...sent,
    },
    { timeoutMs, budget },
  ).then(
    ({ body }) => body.toString('latin1'),
    (error: unknown) => (error instanceof SendError ? error.failure : String(error)),
  )
}

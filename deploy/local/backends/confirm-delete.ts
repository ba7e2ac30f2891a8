import type { ApiResponse } from './api-response.ts'
import type { CalendarEvent } from './events.ts'

/** The client's capability to ask the user, and the answers of a retry, from the gateway. */
export interface Questions {
  /** Whether the client can show a form (`client_capabilities` of the assertion). */
  readonly canAsk: boolean
  /** The header `x-gateway-input`, whose digest is in the assertion; undefined for a first call. */
  readonly input: string | undefined
}

interface Input {
  readonly requestState?: string
  readonly inputResponses?: {
    readonly confirm?: { readonly action: string; readonly content?: { readonly sure?: unknown } }
  }
}

/**
 * Asks the user before an event is deleted (MCP 2026-07-28, multi round-trip requests). Returns undefined
 * if the event may be deleted: the user has confirmed, or the client cannot ask.
 */
export function confirmDelete(
  { title, date }: CalendarEvent,
  { canAsk, input }: Questions,
): ApiResponse | undefined {
  if (!canAsk) return undefined
  // The text in the question; if it has changed since, the answer is about a different event.
  const seen = `${title}, ${date}`
  const { requestState, inputResponses }: Input =
    input === undefined ? {} : JSON.parse(Buffer.from(input, 'base64url').toString())
  const answer = requestState === seen ? inputResponses?.confirm : undefined
  if (answer === undefined) return { status: 200, body: question(seen) }
  const isSure = answer.action === 'accept' && answer.content?.sure === true
  return isSure ? undefined : { status: 409, body: { message: 'The user keeps the event.' } }
}

function question(seen: string) {
  const sure = { type: 'boolean', title: 'Delete the event', default: false }
  return {
    resultType: 'input_required',
    inputRequests: {
      confirm: {
        method: 'elicitation/create',
        params: {
          mode: 'form',
          message: `Delete "${seen}"?`,
          requestedSchema: { type: 'object', properties: { sure }, required: ['sure'] },
        },
      },
    },
    requestState: seen,
  }
}

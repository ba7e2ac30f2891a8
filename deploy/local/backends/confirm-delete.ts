import type { ApiResponse } from './api-response.ts'
import type { CalendarEvent } from './events.ts'

/** Whether the client can ask the user, and the answers in a retry, from the gateway. */
export interface Questions {
  /** Whether the client can show a form (`client_capabilities` of the assertion). */
  readonly canAsk: boolean
  /** The header `x-gateway-input`, whose digest is in the assertion; undefined in the first call. */
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
  // The event in the question. If it has changed since, the answer does not apply.
  const eventText = `${title}, ${date}`
  const { requestState, inputResponses }: Input =
    input === undefined ? {} : JSON.parse(Buffer.from(input, 'base64url').toString())
  const answer = requestState === eventText ? inputResponses?.confirm : undefined
  if (answer === undefined) return { status: 200, body: question(eventText) }
  const isSure = answer.action === 'accept' && answer.content?.sure === true
  return isSure
    ? undefined
    : { status: 409, body: { message: 'The user declined to delete the event.' } }
}

function question(eventText: string) {
  const sure = { type: 'boolean', title: 'Delete the event', default: false }
  return {
    resultType: 'input_required',
    inputRequests: {
      confirm: {
        method: 'elicitation/create',
        params: {
          mode: 'form',
          message: `Delete "${eventText}"?`,
          requestedSchema: { type: 'object', properties: { sure }, required: ['sure'] },
        },
      },
    },
    requestState: eventText,
  }
}

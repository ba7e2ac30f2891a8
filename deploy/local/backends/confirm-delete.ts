import type { ApiAnswer } from './api-answer.ts'
import type { CalendarEvent } from './events.ts'

/** What the gateway says of the client of a call, and the answers that a retry hands over. */
export interface Questions {
  /** Whether the client can show a form (`client_capabilities` of the assertion). */
  readonly canAsk: boolean
  /** `x-gateway-input`, whose digest the assertion has; undefined for a first call. */
  readonly input: string | undefined
}

interface Input {
  readonly requestState?: string
  readonly inputResponses?: {
    readonly confirm?: { readonly action: string; readonly content?: { readonly sure?: unknown } }
  }
}

/**
 * Asks the user before an event is deleted (MCP 2026-07-28, multi round-trip requests). Undefined when
 * the event may be deleted: the user has said so, or the client cannot ask.
 */
export function confirmDelete(
  { title, date }: CalendarEvent,
  { canAsk, input }: Questions,
): ApiAnswer | undefined {
  if (!canAsk) return undefined
  // What the user sees; if it has changed since, the answer was about another event.
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

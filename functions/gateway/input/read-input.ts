import type { Caller } from '../authenticator.ts'
import type { CallableTool } from '../callable-tool.ts'
import { type Answers, InputError, readInputResponses } from './answers.ts'
import { argumentsDigest } from './arguments-digest.ts'
import { readCapabilities } from './capabilities.ts'
import { MAX_STATE_BYTES } from './hand-over.ts'
import type { Asking } from './offer.ts'
import type { StateSeal } from './state-seal.ts'

/** A `tools/call` of 2026-07-28, once it is allowed. */
export interface AskableCall {
  readonly tool: CallableTool
  readonly caller: Caller | undefined
  /** Its arguments in JSON. */
  readonly body: string
  readonly isPlain: boolean
  readonly params: Readonly<Record<string, unknown>>
  /** `io.modelcontextprotocol/clientCapabilities` of its `_meta`. */
  readonly clientCapabilities: unknown
}

export interface CallInput {
  readonly asking: Asking
  /** Undefined for the first call. */
  readonly answers: Answers | undefined
}

/**
 * Tells how the client of a call can be asked, and what it answers when the call is a retry. Answers
 * without a state count for nothing: a backend that did not ask takes arguments alone.
 *
 * @throws InputError for a state that is not of this caller, tool and arguments, or is older than ten
 * minutes, and for answers of another shape than MCP's.
 */
export type ReadInput = (call: AskableCall) => CallInput

const DOES_NOT_HOLD = 'requestState does not hold for this call; call the tool again without it'

export function createReadInput(seal: StateSeal): ReadInput {
  return ({ tool, caller, body, isPlain, params, clientCapabilities }) => {
    const { subject, clientId: client } = caller ?? {}
    // Few calls ask or answer, so that most need no digest.
    const owner = () => {
      return { subject, client, tool: tool.name, argumentsDigest: argumentsDigest(body) }
    }
    const maxStateBytes = MAX_STATE_BYTES[tool.request === undefined ? 'body' : 'field']
    const asking: Asking = {
      declared: readCapabilities(clientCapabilities),
      seal: (state) =>
        Buffer.byteLength(state ?? '') > maxStateBytes
          ? undefined
          : seal.seal(state, owner(), now()),
    }
    const sealed = params['requestState'] ?? undefined
    const inputResponses = readInputResponses(params['inputResponses'], isPlain)
    if (sealed === undefined) return { asking, answers: undefined }
    const opened =
      typeof sealed === 'string'
        ? seal.open(sealed, owner(), now())
        : ({ fault: 'request_state_forged' } as const)
    if ('fault' in opened) throw new InputError(opened.fault, DOES_NOT_HOLD)
    return { asking, answers: { inputResponses, requestState: opened.state } }
  }
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}

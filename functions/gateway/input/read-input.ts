import { isLong } from '../../../shared/json/long-work.ts'
import { atOnce, inTurns } from '../../../shared/json/turns.ts'
import type { Caller } from '../authenticator.ts'
import type { CallableTool } from '../callable-tool.ts'
import { type Answers, InputError, readInputResponses } from './answers.ts'
import { digestingArguments } from './arguments-digest.ts'
import { readCapabilities } from './capabilities.ts'
import { MAX_STATE_BYTES } from './hand-over.ts'
import type { Asking } from './offer.ts'
import type { State, StateOwner, StateSeal } from './state-seal.ts'

/** An authorized `tools/call` of 2026-07-28. */
export interface AskableCall {
  readonly tool: CallableTool
  readonly caller: Caller | undefined
  /** The arguments of the call in JSON, in UTF-8 if they are long. */
  readonly body: string | Buffer
  readonly isPlain: boolean
  readonly params: Readonly<Record<string, unknown>>
  /** `io.modelcontextprotocol/clientCapabilities` of its `_meta`. */
  readonly clientCapabilities: unknown
}

export interface CallInput {
  readonly asking: Asking
  /** The input that a retry contains; undefined for a first call. */
  readonly answers: Answers | undefined
}

/**
 * Returns how to ask the client of a call for input, and the input that a retry contains. Input
 * without a state is ignored, because a backend that requested nothing accepts only arguments. Returns
 * a promise only for a retry with long arguments.
 *
 * @throws InputError, or rejects with it, if the state belongs to another caller, tool or arguments, or
 * is older than ten minutes, and if the input does not have MCP's shape.
 */
export type ReadInput = (call: AskableCall) => CallInput | Promise<CallInput>

const STATE_NOT_VALID = 'requestState is not valid for this call; call the tool again without it'

export function createReadInput(seal: StateSeal): ReadInput {
  return ({ tool, caller, body, isPlain, params, clientCapabilities }) => {
    const { subject, clientId: client } = caller ?? {}
    // Computed on demand, because most calls need no digest.
    const owning = function* (): Generator<undefined, StateOwner> {
      const argumentsDigest = yield* digestingArguments(body)
      return { subject, client, tool: tool.name, argumentsDigest }
    }
    const maxStateBytes = MAX_STATE_BYTES[tool.request === undefined ? 'body' : 'field']
    const asking: Asking = {
      declared: readCapabilities(clientCapabilities),
      argumentsLength: body.length,
      sealing: function* (state) {
        if (Buffer.byteLength(state ?? '') > maxStateBytes) return undefined
        return seal.seal(state, yield* owning(), now())
      },
    }
    const sealed = params['requestState'] ?? undefined
    const inputResponses = readInputResponses(params['inputResponses'], isPlain)
    if (sealed === undefined) return { asking, answers: undefined }
    if (typeof sealed !== 'string') throw new InputError('request_state_forged', STATE_NOT_VALID)
    const state = openingState(seal, sealed, owning())
    const reading = readingRetry(asking, inputResponses, state)
    return isLong(body.length) ? inTurns(reading) : atOnce(reading)
  }
}

/** A separate function, because a closure would keep the answers in memory while a backend works. */
function* readingRetry(
  asking: Asking,
  inputResponses: string | undefined,
  state: Generator<undefined, State>,
): Generator<undefined, CallInput> {
  return { asking, answers: { inputResponses, requestState: yield* state } }
}

function* openingState(
  seal: StateSeal,
  sealed: string,
  owner: Generator<undefined, StateOwner>,
): Generator<undefined, State> {
  const opened = seal.open(sealed, yield* owner, now())
  if ('fault' in opened) throw new InputError(opened.fault, STATE_NOT_VALID)
  return opened.state
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}

import * as z from 'zod/mini'
import { asObject, parseJson } from '../../../shared/json.ts'

/** What a retry adds to the call: the client's input and the state that the client received. */
export interface Answers {
  /** The `inputResponses` in JSON, with numbers as the client wrote them. */
  readonly inputResponses?: string | undefined
  /** The state of the backend, unsealed. */
  readonly requestState?: string | undefined
}

/** The gateway rejects a retry. `reason` is for the log. */
export class InputError extends Error {
  override readonly name = 'InputError'
  readonly reason: string

  constructor(reason: string, message: string) {
    super(message)
    this.reason = reason
  }
}

const MAX_RESPONSES = 100

const elicitResult = z.looseObject({
  action: z.enum(['accept', 'decline', 'cancel']),
  content: z.nullish(
    z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
  ),
})
const createMessageResult = z.looseObject({
  role: z.enum(['user', 'assistant']),
  content: z.union([z.looseObject({ type: z.string() }), z.array(z.looseObject({}))]),
  model: z.string(),
})
const listRootsResult = z.looseObject({ roots: z.array(z.looseObject({ uri: z.string() })) })
const inputResponse = z.union([elicitResult, createMessageResult, listRootsResult])

/**
 * Returns the `inputResponses` of a retry as JSON; undefined if there are none. Each must be MCP's
 * ElicitResult, CreateMessageResult or ListRootsResult. Does not check that they match what was
 * requested, because backends ignore responses that they do not know.
 *
 * @throws InputError if they have another shape.
 */
export function readInputResponses(value: unknown, isPlain: boolean): string | undefined {
  if (value === undefined || value === null) return undefined
  const text = JSON.stringify(value)
  const responses = asObject(isPlain ? value : parseJson(text)?.value)
  const all = Object.values(responses ?? {})
  const isValid =
    responses !== undefined &&
    all.length <= MAX_RESPONSES &&
    all.every((response) => inputResponse.safeParse(response).success)
  if (isValid) return text
  throw new InputError(
    'input_responses_invalid',
    'inputResponses must contain results of MCP requests',
  )
}

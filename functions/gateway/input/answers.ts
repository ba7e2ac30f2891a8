import * as z from 'zod/mini'
import { asObject, parseJson } from '../../../shared/json.ts'
import { lazily } from '../../../shared/lazily.ts'

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

const isText = (value: unknown) => typeof value === 'string'
/** Stops at the first wrong item, because zod's lists and records collect a fault for each. */
const listOf = (isItem: (item: unknown) => boolean) =>
  z.custom<unknown[]>((value) => Array.isArray(value) && value.every(isItem))

const inputResponseSchema = lazily(() => {
  const elicitResult = z.looseObject({
    action: z.enum(['accept', 'decline', 'cancel']),
    content: z.nullish(z.custom<object>(isContent)),
  })
  const createMessageResult = z.looseObject({
    role: z.enum(['user', 'assistant']),
    content: z.union([
      z.looseObject({ type: z.string() }),
      listOf((block) => asObject(block) !== undefined),
    ]),
    model: z.string(),
  })
  const listRootsResult = z.looseObject({
    roots: listOf((root) => isText(asObject(root)?.['uri'])),
  })
  return z.union([elicitResult, createMessageResult, listRootsResult])
})

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
    all.every((response) => inputResponseSchema().safeParse(response).success)
  if (isValid) return text
  throw new InputError(
    'input_responses_invalid',
    'inputResponses must contain results of MCP requests',
  )
}

/** Returns whether the value is an object of strings, numbers, booleans and lists of strings. */
function isContent(value: unknown): boolean {
  const members = asObject(value)
  return members !== undefined && Object.values(members).every(isField)
}

function isField(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isText)
  return isText(value) || typeof value === 'boolean' || Number.isFinite(value)
}

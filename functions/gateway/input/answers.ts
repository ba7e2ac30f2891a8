import * as z from 'zod/mini'
import { asObject } from '../../../shared/json.ts'

/** What a client sends again with its call: its answers, and the state that it was given. */
export interface Answers {
  /** JSON, with the numbers as the client wrote them. */
  readonly inputResponses?: string | undefined
  /** The backend's own, once it is opened. */
  readonly requestState?: string | undefined
}

/** A retry that cannot be taken; `reason` is for the log. */
export class InputError extends Error {
  override readonly name = 'InputError'
  readonly reason: string

  constructor(reason: string, message: string) {
    super(message)
    this.reason = reason
  }
}

const MAX_RESPONSES = 100

const elicited = z.looseObject({
  action: z.enum(['accept', 'decline', 'cancel']),
  content: z.nullish(
    z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
  ),
})
const sampled = z.looseObject({
  role: z.enum(['user', 'assistant']),
  content: z.union([z.looseObject({ type: z.string() }), z.array(z.looseObject({}))]),
  model: z.string(),
})
const listed = z.looseObject({ roots: z.array(z.looseObject({ uri: z.string() })) })
const inputResponse = z.union([elicited, sampled, listed])

/**
 * Reads `inputResponses` of a retry as JSON; undefined for none. Each is MCP's ElicitResult,
 * CreateMessageResult or ListRootsResult. Does not check that they answer what was asked: a backend
 * passes over what it does not know.
 *
 * @throws InputError when they have another shape.
 */
export function readInputResponses(value: unknown, isPlain: boolean): string | undefined {
  if (value === undefined || value === null) return undefined
  const text = JSON.stringify(value)
  const responses = asObject(isPlain ? value : JSON.parse(text))
  const all = Object.values(responses ?? {})
  const isValid =
    responses !== undefined &&
    all.length <= MAX_RESPONSES &&
    all.every((response) => inputResponse.safeParse(response).success)
  if (isValid) return text
  throw new InputError('input_responses_invalid', 'inputResponses are not results of requests')
}

import type { BackendRequest } from '../backend/backend-request.ts'
import { type Answers, InputError } from './answers.ts'

/** The content type of `{"arguments", "inputResponses", "requestState"}`. */
const INPUT_TYPE = 'application/vnd.mcp.input+json'
/** The same without the arguments, in base64url, for a tool with a `request`. */
export const INPUT_FIELD = 'x-gateway-input'
/** Servers take 8 to 16 KiB of header fields. */
const MAX_FIELD_CHARACTERS = 6_144

/** The longest state, in bytes, that can be handed over in a body or in the header field. */
export const MAX_STATE_BYTES = { body: 16_384, field: 2_048 } as const

/**
 * Adds the answers to a request: as the body of `POST FUNCTIONS_BASE/{tool}`, whose `args` are JSON; in
 * a header field where the tool has a `request`, whose body is the API's own.
 *
 * @throws InputError when they are too long for a header field.
 */
export function handOver(
  request: BackendRequest,
  { inputResponses, requestState }: Answers,
  args: string | undefined,
): BackendRequest {
  const state = requestState === undefined ? undefined : JSON.stringify(requestState)
  const members = Object.entries({ arguments: args, inputResponses, requestState: state })
  const given = members.filter(([, json]) => json !== undefined)
  const body = `{${given.map(([name, json]) => `"${name}":${json}`).join(',')}}`
  if (args !== undefined) {
    return { ...request, headers: { ...request.headers, 'content-type': INPUT_TYPE }, body }
  }
  const field = Buffer.from(body).toString('base64url')
  if (field.length > MAX_FIELD_CHARACTERS) {
    throw new InputError('input_responses_too_long', 'inputResponses are too long for this tool')
  }
  return { ...request, headers: { ...request.headers, [INPUT_FIELD]: field } }
}

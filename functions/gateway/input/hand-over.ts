import type { BackendRequest } from '../backend/backend-request.ts'
import { type Answers, InputError } from './answers.ts'

/** The content type of `{"arguments", "inputResponses", "requestState"}`. */
const INPUT_TYPE = 'application/vnd.mcp.input+json'
/**
 * The header field that carries `inputResponses` and `requestState` as JSON in base64url, for a
 * tool with a `request`.
 */
export const INPUT_FIELD = 'x-gateway-input'
/** Servers accept 8 to 16 KiB of header fields. */
const MAX_FIELD_CHARACTERS = 6_144

/** The maximum length of a state, in bytes, in the body and in the header field. */
export const MAX_STATE_BYTES = { body: 16_384, field: 2_048 } as const

/**
 * Adds the client's input to a backend request. `POST FUNCTIONS_BASE/{tool}` carries it in the
 * body, together with the arguments `args` in JSON. A tool with a `request` gets it in a header
 * field, because its body belongs to the API.
 *
 * @throws InputError if the input is too long for a header field.
 */
export function handOver(
  request: BackendRequest,
  { inputResponses, requestState }: Answers,
  args: string | undefined,
): BackendRequest {
  const state = requestState === undefined ? undefined : JSON.stringify(requestState)
  const members = Object.entries({ arguments: args, inputResponses, requestState: state })
  const present = members.filter(([, json]) => json !== undefined)
  const body = `{${present.map(([name, json]) => `"${name}":${json}`).join(',')}}`
  if (args !== undefined) {
    return { ...request, headers: { ...request.headers, 'content-type': INPUT_TYPE }, body }
  }
  const field = Buffer.from(body).toString('base64url')
  if (field.length > MAX_FIELD_CHARACTERS) {
    throw new InputError('input_responses_too_long', 'inputResponses are too long for this tool')
  }
  return { ...request, headers: { ...request.headers, [INPUT_FIELD]: field } }
}

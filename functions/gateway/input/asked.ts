import * as z from 'zod/mini'
import { isLoopback } from '../../../shared/config.ts'
import { asObject } from '../../../shared/json.ts'
import { lazily } from '../../../shared/lazily.ts'

/** A request to the client or its user (`elicitation/create`, `sampling/createMessage`, `roots/list`). */
export interface InputRequest {
  readonly method: string
  readonly params?: Readonly<Record<string, unknown>> | undefined
}

/** MCP's InputRequiredResult (2026-07-28) without its `resultType`. */
export interface InputRequired {
  /** The requests, by keys that the backend chose. */
  readonly inputRequests?: Readonly<Record<string, InputRequest>> | undefined
  readonly requestState?: string | undefined
  readonly _meta?: Readonly<Record<string, unknown>> | undefined
}

export const INPUT_REQUIRED = 'input_required'
const MAX_REQUESTS = 50

const inputRequestSchema = lazily(() => {
  const primitive = z.looseObject({ type: z.enum(['string', 'number', 'integer', 'boolean']) })
  const choices = z.looseObject({
    type: z.literal('array'),
    items: z.union([
      z.looseObject({ enum: z.array(z.string()) }),
      z.looseObject({ anyOf: z.array(z.looseObject({ const: z.string(), title: z.string() })) }),
    ]),
  })
  const formParams = z.looseObject({
    mode: z.optional(z.literal('form')),
    message: z.string(),
    requestedSchema: z.looseObject({
      type: z.literal('object'),
      properties: z.record(z.string(), z.union([primitive, choices])),
      required: z.optional(z.array(z.string())),
    }),
  })
  const urlParams = z.looseObject({
    mode: z.literal('url'),
    message: z.string(),
    url: z.string().check(z.refine(isWebUrl)),
  })
  return z.discriminatedUnion('method', [
    z.looseObject({
      method: z.literal('elicitation/create'),
      params: z.union([formParams, urlParams]),
    }),
    z.looseObject({
      method: z.literal('sampling/createMessage'),
      params: z.looseObject({ messages: z.array(z.looseObject({})), maxTokens: z.number() }),
    }),
    z.looseObject({ method: z.literal('roots/list'), params: z.optional(z.looseObject({})) }),
  ])
})

/**
 * Reads an InputRequiredResult. Returns undefined if the value is another result, and 'malformed'
 * if MCP clients would reject its requests. Forms must be flat (MCP, Elicitation: Requested
 * Schema), and a URL must be https, or http on loopback. `kept` is the same value with numbers as
 * they were written, and is passed on.
 */
export function readInputRequired(
  value: unknown,
  kept: unknown,
): InputRequired | 'malformed' | undefined {
  const members = asObject(value)
  // A result with `isError` is a failure, whatever its `resultType` is.
  if (members?.['resultType'] !== INPUT_REQUIRED || members['isError'] === true) return undefined
  const requests = members['inputRequests'] ?? undefined
  const state = members['requestState'] ?? undefined
  if (state !== undefined && !(typeof state === 'string' && state.isWellFormed())) {
    return 'malformed'
  }
  const requestsByKey = requests === undefined ? {} : asObject(requests)
  const all = Object.values(requestsByKey ?? {})
  if (requestsByKey === undefined || all.length > MAX_REQUESTS) return 'malformed'
  if (all.length === 0 && state === undefined) return 'malformed'
  if (!all.every((request) => inputRequestSchema().safeParse(request).success)) return 'malformed'
  const { inputRequests, _meta } = asObject(kept) ?? {}
  return {
    ...(all.length > 0 && { inputRequests: inputRequests as InputRequired['inputRequests'] }),
    ...(state !== undefined && { requestState: state }),
    ...(asObject(_meta) && { _meta: asObject(_meta) }),
  }
}

/**
 * Accepts https, and http on loopback. Other schemes, such as `javascript:`, could run code when
 * the user opens the URL.
 */
function isWebUrl(text: string): boolean {
  if (text.length > 2_048 || !URL.canParse(text)) return false
  const { protocol, hostname, username, password } = new URL(text)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
}

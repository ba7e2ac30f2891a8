import type { ContentBlock } from '@modelcontextprotocol/client'
import type { ToolRequest } from '../../../shared/catalogue/request-schema.ts'
import { writingJson } from '../../../shared/json/json-writer.ts'
import { asObject } from '../../../shared/json.ts'
import type { LocateFault } from '../../../shared/json-schema/fault-location.ts'
import { keysOf } from '../../../shared/json-schema/schema.ts'
import { type Body, parsing } from './backend-body.ts'
import type { BackendResponse } from './send.ts'

const MEDIA_TYPE = /^(image|audio)\/[\w.+-]+(?=\s*(;|$))/i

/** Returns an image or audio response as an MCP content block; undefined for any other response. */
export function mediaOf({
  contentType,
  contentEncoding = 'identity',
  body,
}: BackendResponse): ContentBlock | undefined {
  const [mediaType, family] = MEDIA_TYPE.exec(contentType) ?? []
  if (mediaType === undefined || contentEncoding !== 'identity' || body.length === 0)
    return undefined
  // SVG is text, and no client shows it as an image.
  if (/^image\/svg/i.test(mediaType)) return undefined
  const type = family?.toLowerCase() === 'audio' ? 'audio' : 'image'
  return { type, data: body.toString('base64'), mimeType: mediaType.toLowerCase() }
}

/**
 * Applies the `request` of the tool to the body of a 2xx response, in turns. `resultPointer`
 * selects a part of the JSON (a body without that part is `unreadable`), and `wrap` puts a value
 * that is not an object into one. An empty body, as after HEAD, stays empty unless the tool has an
 * `outputSchema`. Then it becomes `{}` or the wrapped `null`, if one of them is valid.
 *
 * @throws JsonLimitError if the JSON has too many parts.
 */
export function* pickingResult(
  body: Body,
  { resultPointer, wrap }: Pick<ToolRequest, 'resultPointer' | 'wrap'>,
  validateOutput: LocateFault | undefined,
): Generator<undefined, Body> {
  if (body.kind === 'text' && body.text === '') return emptyBody(wrap, validateOutput) ?? body
  if (body.kind === 'text' && wrap !== undefined && resultPointer === undefined) {
    return yield* writing({ [wrap]: body.text })
  }
  if (body.kind !== 'json' || (wrap === undefined && resultPointer === undefined)) return body
  // `kept` preserves how the numbers are written.
  let value = body.kept
  for (const key of keysOf(resultPointer ?? '')) {
    const owner: unknown = Array.isArray(value) ? value : asObject(value)
    if (owner === undefined || !Object.hasOwn(owner as object, key)) {
      return { kind: 'unreadable', reason: 'backend_result_pointer' }
    }
    value = (owner as Readonly<Record<string, unknown>>)[key]
  }
  if (wrap !== undefined && asObject(value) === undefined) value = { [wrap]: value }
  return yield* writing(value)
}

/** Writes a value as JSON and returns it as a body. */
function* writing(value: unknown): Generator<undefined, Body> {
  const text = yield* writingJson(value)
  return (yield* parsing(text)) ?? { kind: 'unreadable', reason: 'backend_not_json' }
}

function emptyBody(wrap: string | undefined, validate: LocateFault | undefined): Body | undefined {
  if (validate === undefined) return undefined
  const candidates = [{}, ...(wrap === undefined ? [] : [{ [wrap]: null }])]
  const value = candidates.find((candidate) => validate(candidate) === undefined)
  return value === undefined
    ? undefined
    : { kind: 'json', value, kept: value, text: JSON.stringify(value) }
}

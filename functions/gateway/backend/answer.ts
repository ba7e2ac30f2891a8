import type { ContentBlock } from '@modelcontextprotocol/client'
import type { ToolRequest } from '../../../shared/catalogue/request.ts'
import { writingJson } from '../../../shared/json/json-writer.ts'
import { isLong } from '../../../shared/json/long-work.ts'
import { keysOf } from '../../../shared/json-schema/schema.ts'
import type { Validate } from '../../../shared/json-schema/validator.ts'
import { objectOf } from './argument-value.ts'
import { type Body, parsing, readingBody } from './backend-body.ts'
import type { Answer } from './send.ts'

/** What a 2xx body of a tool with `request` is: the part that counts, or an image or a sound. */
export type ReadAnswer = Body | { readonly kind: 'media'; readonly block: ContentBlock }

const MEDIA_TYPE = /^(image|audio)\/[\w.+-]+(?=\s*(;|$))/i

/**
 * Reads the body of an answer in turns, as `request` says: `resultPointer` picks a place in JSON (a body without
 * it is `unreadable`), `wrap` makes an object of what is none. Images and sounds become MCP's content
 * blocks. A body that is empty, and an answer to HEAD, stays empty, but for a tool with an
 * `outputSchema`: there it is `{}` or the wrapped `null` when one of them fits.
 *
 * @throws JsonLimitError when JSON has too many parts.
 */
export function* readingAnswer(
  answer: Answer,
  { resultPointer, wrap }: Pick<ToolRequest, 'resultPointer' | 'wrap'>,
  validateOutput: Validate | undefined,
): Generator<undefined, ReadAnswer> {
  const { contentType, body: bytes } = answer
  const [mediaType, family] = MEDIA_TYPE.exec(contentType) ?? []
  // SVG is text, and no client shows it as an image.
  const isPlain = answer.contentEncoding === undefined || answer.contentEncoding === 'identity'
  if (mediaType !== undefined && isPlain && bytes.length > 0 && !/^image\/svg/i.test(mediaType)) {
    const data = bytes.toString('base64')
    const type = family?.toLowerCase() === 'audio' ? 'audio' : 'image'
    return { kind: 'media', block: { type, data, mimeType: mediaType.toLowerCase() } }
  }
  const body = yield* readingBody(answer, validateOutput !== undefined && wrap === undefined)
  if (body.kind === 'text' && body.text === '') return emptyBody(wrap, validateOutput) ?? body
  if (body.kind === 'text' && wrap !== undefined && resultPointer === undefined) {
    return yield* writing({ [wrap]: body.text }, body.text.length)
  }
  if (body.kind !== 'json' || (wrap === undefined && resultPointer === undefined)) return body
  // As they were written, so that what is picked is written like that too.
  let value = body.kept
  for (const key of keysOf(resultPointer ?? '')) {
    const owner: unknown = Array.isArray(value) ? value : objectOf(value)
    if (owner === undefined || !Object.hasOwn(owner as object, key)) {
      return { kind: 'unreadable', reason: 'backend_result_pointer' }
    }
    value = (owner as Readonly<Record<string, unknown>>)[key]
  }
  if (wrap !== undefined && objectOf(value) === undefined) value = { [wrap]: value }
  return yield* writing(value, body.text.length)
}

/** A part of what had `length` characters, as a body of its own. */
function* writing(value: unknown, length: number): Generator<undefined, Body> {
  const text = isLong(length) ? yield* writingJson(value) : JSON.stringify(value)
  return (yield* parsing(text)) ?? { kind: 'unreadable', reason: 'backend_not_json' }
}

function emptyBody(wrap: string | undefined, validate: Validate | undefined): Body | undefined {
  if (validate === undefined) return undefined
  const candidates = [{}, ...(wrap === undefined ? [] : [{ [wrap]: null }])]
  const value = candidates.find((candidate) => validate(candidate) === undefined)
  return value === undefined
    ? undefined
    : { kind: 'json', value, kept: value, text: JSON.stringify(value) }
}

import { lazily } from '../lazily.ts'

/** How a body is serialized. */
export type BodyKind = 'json' | 'form' | 'multipart'

const FORM = 'application/x-www-form-urlencoded'
const MULTIPART = 'multipart/form-data'
/** RFC 6838 s4.2 and RFC 6839 s3.1, with parameters as in RFC 9110 s5.6.6. */
const jsonType = lazily(
  () =>
    /^application\/(?:[a-z0-9][\w!#$&^.+-]*\+)?json(?:[\t ]*;[\t ]*[\w!#$%&'*+.^`|~-]+=(?:[\w!#$%&'*+.^`|~-]+|"[^"\\\p{Cc}]*"))*$/iu,
)
const CHARSET = /;[\t ]*charset="?([^";\t ]*)/i
const JSON_PATCH = /^application\/json-patch\+json(?:[\t ]*;|$)/i

/** Returns how a body of this media type is serialized; undefined for unsupported types. */
export function bodyKind(contentType: string): BodyKind | undefined {
  if (contentType === FORM) return 'form'
  if (contentType === MULTIPART) return 'multipart'
  return jsonType().test(contentType) ? 'json' : undefined
}

/** Returns the fault of a body's media type, as the rest of a sentence; undefined if there is none. */
export function bodyTypeFault(contentType: string): string | undefined {
  if (bodyKind(contentType) === undefined) {
    return `must be application/json or application/…+json, also with parameters, ${FORM} or ${MULTIPART}`
  }
  const charset = CHARSET.exec(contentType)?.[1] ?? 'utf-8'
  return charset.toLowerCase() === 'utf-8' ? undefined : 'must have no other charset than utf-8'
}

/** Returns whether the type is that of JSON Patch, whose body is a list (RFC 6902 s3). */
export function isJsonPatch(contentType: string): boolean {
  return JSON_PATCH.test(contentType)
}

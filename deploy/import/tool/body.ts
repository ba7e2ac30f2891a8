import { bodyKind, bodyTypeFault, isJsonPatch } from '../../../shared/catalogue/body-type.ts'
import type { JsonSchema } from '../../../shared/json-schema/schema.ts'
import { isObject } from '../../../shared/json-schema/schema.ts'
import type { ApiDocument } from '../document/load-document.ts'
import { dereference, memberIn, type Operation } from '../document/operation.ts'
import { member, membersOf, objectAt, type Place } from '../document/place.ts'
import { OperationError } from '../import-error.ts'
import { type PlainObject, plainObjectOf } from '../schema/plain-object.ts'
import type { SchemaCollector } from '../schema/schema-collector.ts'
import { accessTokenTest, type NamedValue } from './access-token.ts'
import { asText, shorten } from './text.ts'

/** The body of a call: an object with one argument per property, or one value. */
export interface RequestBody {
  readonly contentType: string
  readonly isRequired: boolean
  readonly object: PlainObject | undefined
  /** The schema of the whole body, if it is not a plain object. */
  readonly schema: JsonSchema
  /** Properties that are files. */
  readonly files: readonly string[]
  /** The serialization of form fields by property: `style`, `explode`, `contentType`. */
  readonly encoding: ReadonlyMap<string, Readonly<Record<string, unknown>>>
}

const JSON_TYPE = 'application/json'
const FORM = 'application/x-www-form-urlencoded'
const MULTIPART = 'multipart/form-data'
const WITHOUT_BODY = ['get', 'head']

/**
 * Reads the body of an operation; prefers JSON to multipart and forms. Undefined without a body.
 *
 * @throws OperationError if none of the body's media types is supported.
 */
export function readBody(
  document: ApiDocument,
  operation: Operation,
  collector: SchemaCollector,
  onNote: (note: string) => void,
): RequestBody | undefined {
  const place = memberIn(document, operation.place, 'requestBody')
  const types = membersOf(memberIn(document, place, 'content')).map(
    ([type, media]) => [type, dereference(document, media)] as const,
  )
  const isRequired = objectAt(place)['required'] === true
  if (types.length === 0) return undefined
  if (WITHOUT_BODY.includes(operation.method)) {
    if (isRequired)
      throw new OperationError(
        `it requires a body, which is not supported for ${operation.method.toUpperCase()}`,
      )
    onNote('its optional body was omitted: this method has no body')
    return undefined
  }
  const found = chosenType(types)
  if (found === undefined) {
    throw new OperationError(
      `its body type is not supported: ${types.map(([type]) => type).join(' or ')}`,
    )
  }
  const { contentType, media } = found
  const sameKind = types.filter(([type]) => bodyKind(mediaType(type)) === 'json')
  if (found.type !== mediaType(contentType))
    onNote(`its body is declared as ${found.type} but sent as ${contentType}`)
  else if (sameKind.length > 1 && contentType !== JSON_TYPE)
    onNote(
      `its body is sent as ${contentType}, one of ${sameKind.map(([type]) => type).join(', ')}`,
    )
  const isJson = bodyKind(contentType) === 'json'
  const files = contentType === MULTIPART ? filesIn(document, media) : []
  const whole = withFiles(collector.collectWhole(member(media, 'schema')), files)
  // A JSON Patch is a list, whatever its schema declares.
  const plain = isJsonPatch(contentType) ? undefined : plainObjectOf(whole, collector.definitions)
  if (plain === undefined && !isJson) {
    throw new OperationError(`its ${contentType} body is not an object with named properties`)
  }
  const object = plain && withoutAccessToken(plain, accessTokenTest(document, operation), onNote)
  const text = shorten(asText(objectAt(place)['description']), 500)
  const schema = { ...(isObject(whole) && whole), ...(text !== '' && { description: text }) }
  const encoding =
    contentType === JSON_TYPE ? new Map() : encodingOf(memberIn(document, media, 'encoding'))
  return { contentType, isRequired, object, schema, files, encoding }
}

function withoutAccessToken(
  object: PlainObject,
  isAccessToken: (value: NamedValue) => boolean,
  onNote: (note: string) => void,
): PlainObject {
  const properties = Object.entries(object.properties).filter(([name, schema]) => {
    const isToken = isAccessToken({ name, description: isObject(schema) && schema['description'] })
    if (isToken)
      onNote(
        `the member "${name}" of its body is the access token and was omitted: set backendAuth`,
      )
    return !isToken
  })
  return { ...object, properties: Object.fromEntries(properties) }
}

/**
 * Selects the media type: JSON as it is written, a form, or any type as JSON. `type` is the declared
 * type without parameters.
 */
function chosenType(types: readonly (readonly [string, Place])[]) {
  const named = types.map(([written, media]) => ({
    written: written.trim(),
    type: mediaType(written),
    media,
  }))
  const find = (test: (type: string) => boolean) => named.find(({ type }) => test(type))
  const isJson = (type: string) => bodyKind(type) === 'json'
  const json =
    named.find(({ written }) => written === JSON_TYPE) ??
    find((type) => type === JSON_TYPE) ??
    find((type) => isJson(type) && !isJsonPatch(type)) ??
    find(isJson)
  const form = find((type) => type === MULTIPART) ?? find((type) => type === FORM)
  const other = find((type) => type === 'text/json')
  const wild = find((type) => type === '*/*' || type === 'application/*')
  if (json !== undefined) {
    const { written, type, media } = json
    return { contentType: bodyTypeFault(written) === undefined ? written : type, type, media }
  }
  if (other !== undefined) return { ...other, contentType: JSON_TYPE }
  if (form !== undefined) return { ...form, contentType: form.type }
  return wild && { contentType: JSON_TYPE, type: JSON_TYPE, media: wild.media }
}

function mediaType(written: string): string {
  return written.split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/**
 * Returns the properties that are files or lists of files: `format: binary` (3.0), or a media type
 * (3.1).
 */
function filesIn(document: ApiDocument, media: Place): string[] {
  const schema = memberIn(document, media, 'schema')
  return membersOf(memberIn(document, schema, 'properties'))
    .filter(([, property]) => isFile(dereference(document, property), document))
    .map(([name]) => name)
}

function isFile(place: Place, document: ApiDocument): boolean {
  const { type, format, contentMediaType, items } = objectAt(place)
  if (type === 'array' || items !== undefined) {
    const item = memberIn(document, place, 'items')
    return objectAt(item)['type'] !== 'array' && isFile(item, document)
  }
  const isText = type === 'string' || type === undefined
  const isOfMedia = contentMediaType !== undefined && contentMediaType !== JSON_TYPE
  return isText && (format === 'binary' || format === 'base64' || isOfMedia)
}

/** Reads Encoding Objects without headers of parts; ignores content types with a wildcard or a list. */
function encodingOf(encodings: Place): RequestBody['encoding'] {
  return new Map(
    membersOf(encodings).map(([name, place]) => {
      const { style, explode, contentType } = objectAt(place)
      const isOneType = typeof contentType === 'string' && /^[\w.+-]+\/[\w.+-]+$/.test(contentType)
      const members = {
        ...(typeof style === 'string' && { style }),
        ...(typeof explode === 'boolean' && { explode }),
        ...(isOneType && { contentType }),
      }
      return [name, members]
    }),
  )
}

/** Returns the schema with each file property as a base64 string or a list of such strings. */
function withFiles(schema: JsonSchema | boolean, files: readonly string[]): JsonSchema | boolean {
  if (files.length === 0 || !isObject(schema)) return schema
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const changed = Object.entries(properties).map(([name, property]) => {
    if (!files.includes(name) || !isObject(property)) return [name, property]
    const { type, items, description, minItems, maxItems } = property
    const text = [description, 'The file, in base64 or as a data URL.']
      .filter((one) => one !== undefined)
      .join(' ')
    const file = { type: 'string', contentEncoding: 'base64' }
    const isList = type === 'array' || items !== undefined
    const bounds = {
      ...(minItems !== undefined && { minItems }),
      ...(maxItems !== undefined && { maxItems }),
    }
    return [
      name,
      { description: text, ...(isList ? { type: 'array', ...bounds, items: file } : file) },
    ]
  })
  return { ...schema, properties: Object.fromEntries(changed) }
}

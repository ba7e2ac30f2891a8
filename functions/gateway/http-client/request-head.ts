import { isFramingField, isTokenText } from '../../../shared/catalogue/reserved-fields.ts'

/** A request, without the length of its content. */
export interface RequestFields {
  readonly method: string
  readonly origin: string
  /** The path with the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

const TARGET = /^\/[\x21-\x7e]*$/
const METHOD = /^[A-Z]+$/
// RFC 9110 s5.5
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
/** Only catalogues and this project name fields, so this set stays small. */
const checkedNames = new Set<string>()
/** Methods whose content has a defined meaning, so that its length is stated even if it is 0. */
const WITH_CONTENT: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

/**
 * Writes the head of a request (RFC 9112 s3), in Latin-1. `length` is that of its content in bytes;
 * undefined if it has none.
 *
 * @throws Error for anything that would not be one line, or that states a length.
 */
export function writeRequestHead(request: RequestFields, length: number | undefined): string {
  const { method, origin, path, headers } = request
  if (!METHOD.test(method) || !TARGET.test(path)) throw new Error('not a request line')
  // An origin is a scheme, `://` and an authority.
  const host = origin.slice(origin.indexOf('//') + 2)
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`
  for (const name of Object.keys(headers)) {
    const value = headers[name] ?? ''
    if (!isFieldName(name) || !VALUE.test(value)) {
      throw new Error(`not a header field: ${JSON.stringify(name)}`)
    }
    head += `${name}: ${value}\r\n`
  }
  const stated = length ?? (WITH_CONTENT.has(method) ? 0 : undefined)
  return stated === undefined ? `${head}\r\n` : `${head}content-length: ${stated}\r\n\r\n`
}

function isFieldName(name: string): boolean {
  if (checkedNames.has(name)) return true
  if (!isTokenText(name) || isFramingField(name)) return false
  checkedNames.add(name)
  return true
}

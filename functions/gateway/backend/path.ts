import type { RequestParameter } from '../../../shared/catalogue/request.ts'
import type { PathPiece, UrlTemplate } from '../../../shared/catalogue/url-template.ts'
import { ArgumentError } from './argument-error.ts'
import { type Arguments, encodeStrictly, readValue, type Value } from './argument-value.ts'

/** Makes the path of a call, from a `/` on; what it is below is not in it. */
export type MakePath = (args: Arguments) => string

// Hosts answer them in many ways, none of which a path parameter needs.
const CONTROLS = /[\p{Cc}]/u
const ENCODED = /%([0-9a-f]{2})/gi
/** How many layers of encoding are looked through. */
const MAX_DECODED = 5

/**
 * Compiles a path by the styles of OpenAPI: simple, label and matrix.
 * What a parameter has stays in its segment: all but unreserved characters are percent-encoded. The
 * made path throws ArgumentError for a value that is missing or empty, has control characters, or would
 * leave a segment `.` or `..`, also behind an encoded slash or in another layer of encoding: URL
 * parsers and servers resolve those.
 */
export function compilePath(
  { segments }: Pick<UrlTemplate, 'segments'>,
  parameters: readonly RequestParameter[],
): MakePath {
  const byName = new Map(parameters.map((one) => [one.name, one]))
  const write = (piece: PathPiece, args: Arguments): string => {
    if (typeof piece === 'string') return piece
    const parameter = byName.get(piece.name)
    if (parameter === undefined) throw new Error('a path parameter without a parameter')
    return expand(parameter, args)
  }
  const compiled = segments.map((pieces) => {
    const [named] = pieces.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.name]))
    const argument = named === undefined ? undefined : (byName.get(named)?.argument ?? named)
    if (argument === undefined) return () => `/${pieces.join('')}`
    return (args: Arguments) => {
      const segment = pieces.map((piece) => write(piece, args)).join('')
      if (isRefused(segment)) throw new ArgumentError(argument, 'must not be . or .. in a path')
      return `/${segment}`
    }
  })
  return (args) => compiled.map((make) => make(args)).join('')
}

function expand(parameter: RequestParameter, args: Arguments): string {
  const { argument } = parameter
  const value = valueIn(parameter, args)
  if (value === undefined) throw new ArgumentError(argument, 'is missing: it is part of the URL')
  const texts = textsOf(value)
  const isEmpty = texts.length === 0 || (value.kind !== 'object' && texts.includes(''))
  if (isEmpty) throw new ArgumentError(argument, 'must not be empty: it is part of the URL')
  if (texts.some((text) => CONTROLS.test(text))) {
    throw new ArgumentError(argument, 'must not have control characters: it is part of the URL')
  }
  return STYLE[parameter.style as keyof typeof STYLE](parameter, value)
}

/** RFC 6570 s3.2.2, s3.2.5 and s3.2.7, which OpenAPI's styles are. */
const STYLE = {
  simple: ({ explode }: RequestParameter, value: Value) => joined(value, ',', explode),
  label: ({ explode }: RequestParameter, value: Value) =>
    `.${joined(value, explode ? '.' : ',', explode)}`,
  matrix: ({ name, explode }: RequestParameter, value: Value) => {
    const key = encodeStrictly(name)
    if (!explode || value.kind === 'text') return `;${key}=${joined(value, ',', false)}`
    if (value.kind === 'list') {
      return value.items.map((item) => `;${key}=${encodeStrictly(item)}`).join('')
    }
    return `;${joined(value, ';', true)}`
  },
} as const

function joined(value: Value, separator: string, explode: boolean): string {
  if (value.kind === 'text') return encodeStrictly(value.text)
  if (value.kind === 'list') return value.items.map(encodeStrictly).join(separator)
  const [is, between] = explode ? ['=', separator] : [',', ',']
  return value.members
    .map(([key, text]) => `${encodeStrictly(key)}${is}${encodeStrictly(text)}`)
    .join(between)
}

function valueIn({ argument, isJson }: RequestParameter, args: Arguments): Value | undefined {
  const value = readValue(args, argument)
  if (value === undefined || isJson !== true) return value
  return { kind: 'text', text: JSON.stringify(args[argument]) }
}

function textsOf(value: Value): readonly string[] {
  if (value.kind === 'text') return [value.text]
  return value.kind === 'list' ? value.items : value.members.flat()
}

/** Whether something on the way may read dot segments in it. Tomcat drops what follows a semicolon. */
function isRefused(segment: string): boolean {
  let text = segment
  for (let layer = 0; layer < MAX_DECODED; layer++) {
    const parts = text.split(/[/\\]/).map((part) => part.split(';', 1)[0])
    if (parts.includes('.') || parts.includes('..')) return true
    const decoded = text.replace(ENCODED, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    if (decoded === text) return false
    text = decoded
  }
  return true
}

import type { RequestParameter } from '../../../shared/catalogue/request-schema.ts'
import type { PathPiece, UrlTemplate } from '../../../shared/catalogue/url-template.ts'
import { ArgumentError } from './argument-error.ts'
import { type Arguments, encodeStrictly, readValue, type Value } from './argument-value.ts'

/** Creates the path of one call. It starts with `/` and is relative to the base URL. */
export type MakePath = (args: Arguments) => string

// Servers handle control characters differently, and no path parameter needs them.
const CONTROLS = /[\p{Cc}]/u
const ENCODED = /%([0-9a-f]{2})/gi
/** How many layers of percent-encoding are checked. */
const MAX_DECODED_LAYERS = 5

/**
 * Compiles a path with OpenAPI's styles simple, label and matrix. A parameter stays within its
 * segment, because all characters except unreserved ones are percent-encoded.
 *
 * The returned function throws ArgumentError for a value that is missing or empty, has control
 * characters, or would create a segment `.` or `..`, even behind an encoded slash or in another
 * layer of encoding. URL parsers and servers resolve such segments.
 */
export function compilePath(
  { segments }: Pick<UrlTemplate, 'segments'>,
  parameters: readonly RequestParameter[],
): MakePath {
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]))
  const write = (piece: PathPiece, args: Arguments): string => {
    if (typeof piece === 'string') return piece
    const parameter = byName.get(piece.name)
    if (parameter === undefined) throw new Error('an undeclared path parameter')
    return expand(parameter, args)
  }
  const compiled = segments.map((pieces) => {
    const [named] = pieces.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.name]))
    const argument = named === undefined ? undefined : (byName.get(named)?.argument ?? named)
    if (argument === undefined) return () => `/${pieces.join('')}`
    return (args: Arguments) => {
      const segment = pieces.map((piece) => write(piece, args)).join('')
      if (mayHaveDotSegment(segment))
        throw new ArgumentError(argument, 'must not be . or .. in a path')
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
    throw new ArgumentError(argument, 'must not contain control characters: it is part of the URL')
  }
  return EXPAND_BY_STYLE[parameter.style as keyof typeof EXPAND_BY_STYLE](parameter, value)
}

/** OpenAPI's path styles, which are those of RFC 6570 s3.2.2, s3.2.5 and s3.2.7. */
const EXPAND_BY_STYLE = {
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
  const [equals, between] = explode ? ['=', separator] : [',', ',']
  return value.members
    .map(([key, text]) => `${encodeStrictly(key)}${equals}${encodeStrictly(text)}`)
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

/**
 * Returns whether a server may find a dot segment in this segment. Tomcat ignores everything after
 * a semicolon.
 */
function mayHaveDotSegment(segment: string): boolean {
  let text = segment
  for (let layer = 0; layer < MAX_DECODED_LAYERS; layer++) {
    const parts = text.split(/[/\\]/).map((part) => part.split(';', 1)[0])
    if (parts.includes('.') || parts.includes('..')) return true
    const decoded = text.replace(ENCODED, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    if (decoded === text) return false
    text = decoded
  }
  return true
}

import { isLoopback } from '../config.ts'

/** A piece of a path: literal text, or the name of a parameter. */
export type PathPiece = string | { readonly name: string }

/** A URL whose path may contain parameters. Its origin and query are constant. */
export interface UrlTemplate {
  /** Undefined if the URL is a path below FUNCTIONS_BASE. */
  readonly origin: string | undefined
  /** The segments after each `/`, each in pieces. */
  readonly segments: readonly (readonly PathPiece[])[]
  /** Without `?`; empty if there is none. */
  readonly query: string
  /** The names of the parameters in the path. */
  readonly names: readonly string[]
}

const ABSOLUTE = /^([a-z][a-z0-9+.-]*):\/\/([^/?#\\]*)/i
const PARAMETER = /\{([^{}]*)\}/g
// RFC 3986 s3.3 and s3.4. A percent sign must begin a percent-encoded byte.
const NOT_IN_PATH = /[^\w.~!$&'()*+,;=:@%-]+/gu
const NOT_IN_QUERY = /[^\w.~!$&'()*+,;=:@%/?-]+/gu
const LONE_PERCENT = /%(?![0-9a-f]{2})/i
const DOTS = /^(?:\.|%2e){1,2}(?:$|;)/i

/**
 * Reads the URL of a `request`: absolute (https, or http on loopback), or a path that stays below
 * FUNCTIONS_BASE. Percent-encodes characters that are not allowed in a URL. `fault` is the predicate of
 * a sentence whose subject is the name of the member.
 */
export function readUrlTemplate(url: string): UrlTemplate | { readonly fault: string } {
  if (/[\p{Cc}\\\s]/u.test(url)) return fault('must not have blanks, controls or backslashes')
  if (url.includes('#')) return fault('must not have a fragment')
  const [head, scheme, authority] = ABSOLUTE.exec(url) ?? []
  const origin = head === undefined ? undefined : originOf(scheme ?? '', authority ?? '')
  if (typeof origin === 'object') return origin
  const rest = url.slice(head?.length ?? 0)
  if (origin === undefined && /^(\/\/|[^/?{]*:)/.test(rest)) {
    return fault('must be an https URL, or a path below FUNCTIONS_BASE')
  }
  const [path = '', ...queries] = rest.split('?')
  const query = queries.join('?')
  if (/[{}]/.test(query)) return fault('must not have parameters in its query: use in: query')
  if (LONE_PERCENT.test(rest))
    return fault('has a percent sign that does not begin an encoded byte')
  const segments = path.replace(/^\//, '').split('/').map(piecesOf)
  const pieces = segments.flat()
  if (pieces.some((piece) => typeof piece === 'string' && /[{}]/.test(piece))) {
    return fault('has a brace outside of a {name}')
  }
  const names = pieces.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.name]))
  if (names.includes('')) return fault('has {} without a name')
  if (segments.some((segment) => DOTS.test(segment.map(written).join('')))) {
    return fault('must not have a segment . or ..')
  }
  if (new Set(names).size < names.length) return fault('has a parameter twice')
  return {
    origin,
    segments: segments.map((segment) => segment.map((piece) => encoded(piece, NOT_IN_PATH))),
    query: query.replace(NOT_IN_QUERY, encodeURIComponent),
    names,
  }
}

function originOf(scheme: string, authority: string): string | { readonly fault: string } {
  if (/[{}]/.test(authority)) return fault('must have a constant host: no {name} before the path')
  if (authority.includes('@')) return fault('must not have credentials')
  const written = `${scheme.toLowerCase()}://${authority}`
  const url = URL.canParse(written) ? new URL(written) : undefined
  if (url === undefined) return fault('is not a URL')
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) {
    return url.origin
  }
  return fault('must be https (http only on loopback)')
}

function piecesOf(segment: string): PathPiece[] {
  const pieces: PathPiece[] = []
  let end = 0
  for (const match of segment.matchAll(PARAMETER)) {
    if (match.index > end) pieces.push(segment.slice(end, match.index))
    pieces.push({ name: match[1] ?? '' })
    end = match.index + match[0].length
  }
  if (end < segment.length) pieces.push(segment.slice(end))
  return pieces
}

function encoded(piece: PathPiece, characters: RegExp): PathPiece {
  return typeof piece === 'string' ? piece.replace(characters, encodeURIComponent) : piece
}

function written(piece: PathPiece): string {
  return typeof piece === 'string' ? piece : `{${piece.name}}`
}

function fault(text: string): { readonly fault: string } {
  return { fault: text }
}

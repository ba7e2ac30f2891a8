import { ResponseError } from './response-error.ts'

/** The head of a response, without fields that are not used. */
export interface ResponseHead {
  readonly status: number
  /** '' if it is absent or repeated. */
  readonly contentType: string
  /** The field lines joined, as the next ones; undefined if there is none. */
  readonly contentEncoding: string | undefined
  readonly retryAfter?: string | undefined
}

/** A head, and how the connection continues after it. */
export interface ParsedHead {
  readonly head: ResponseHead
  /** The Content-Length; undefined if there is none. */
  readonly length: number | undefined
  readonly isChunked: boolean
  /** Whether the server keeps the connection open (RFC 9112 s9.3). */
  readonly isPersistent: boolean
  /** The `timeout` of Keep-Alive; undefined if there is none. */
  readonly keepAliveSeconds: number | undefined
}

const SPACE = 32
const TAB = 9
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
// RFC 9110 s5.1 and s5.5
const FIELD_LINES = /^(?:[!#$%&'*+.^_`|~\w-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/
/** The length of the shortest name that is used. */
const MIN_NAME_CHARACTERS = 'connection'.length
const LENGTH = /^\d{1,15}$/
const CLOSE = /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i
const KEEP_ALIVE_TIMEOUT = /(?:^|[,;])[\t ]*timeout=(\d{1,9})[\t ]*(?:[,;]|$)/i

/**
 * Parses a head of which each line ends with CRLF, without the empty line.
 *
 * @throws ResponseError
 */
export function parseResponseHead(text: string): ParsedHead {
  const statusEnd = text.indexOf('\r\n')
  const [, version, code] = STATUS_LINE.exec(text.slice(0, statusEnd)) ?? []
  if (code === undefined) throw new ResponseError('malformed status line')
  let contentType: string | undefined
  let contentEncoding: string | undefined
  let retryAfter: string | undefined
  let length: string | undefined
  let transferEncoding: string | undefined
  let connection: string | undefined
  let keepAlive: string | undefined
  const lines = text.slice(statusEnd + 2)
  if (!areFieldLines(lines)) throw new ResponseError('malformed field')
  for (let at = 0; at < lines.length; ) {
    const end = lines.indexOf('\r\n', at)
    const line = lines.slice(at, end)
    at = end + 2
    const colon = line.indexOf(':')
    if (colon < MIN_NAME_CHARACTERS) continue
    switch (line.slice(0, colon).toLowerCase()) {
      case 'content-type':
        contentType = contentType === undefined ? valueAfter(line, colon) : ''
        break
      case 'content-length':
        // RFC 9112 s6.3 allows equal repetitions; Node's parser refuses them, too.
        if (length !== undefined) throw new ResponseError('repeated Content-Length')
        length = valueAfter(line, colon)
        break
      case 'transfer-encoding':
        transferEncoding = joined(transferEncoding, line, colon)
        break
      case 'content-encoding':
        contentEncoding = joined(contentEncoding, line, colon)
        break
      case 'connection':
        connection = joined(connection, line, colon)
        break
      case 'keep-alive':
        keepAlive = valueAfter(line, colon)
        break
      case 'retry-after':
        retryAfter = joined(retryAfter, line, colon)
        break
    }
  }
  if (length !== undefined && !LENGTH.test(length)) {
    throw new ResponseError('malformed Content-Length')
  }
  if (transferEncoding !== undefined) {
    if (transferEncoding.toLowerCase() !== 'chunked') {
      throw new ResponseError('unknown transfer coding')
    }
    // RFC 9112 s6.1 and s6.3
    if (length !== undefined || version === '0') throw new ResponseError('ambiguous length')
  }
  return {
    head: { status: Number(code), contentType: contentType ?? '', contentEncoding, retryAfter },
    length: length === undefined ? undefined : Number(length),
    isChunked: transferEncoding !== undefined,
    isPersistent: version === '1' && !(connection !== undefined && CLOSE.test(connection)),
    keepAliveSeconds: secondsOf(keepAlive),
  }
}

/** Returns whether lines, each with its CRLF, are fields of a head or a trailer. */
export function areFieldLines(lines: string): boolean {
  return FIELD_LINES.test(lines)
}

/** Does not use `trim`, which also removes a no-break space, which Latin-1 has. */
function valueAfter(line: string, colon: number): string {
  let start = colon + 1
  let end = line.length
  while (start < end && isBlank(line.charCodeAt(start))) start += 1
  while (end > start && isBlank(line.charCodeAt(end - 1))) end -= 1
  return line.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB
}

function joined(before: string | undefined, line: string, colon: number): string {
  const value = valueAfter(line, colon)
  return before === undefined ? value : `${before}, ${value}`
}

function secondsOf(keepAlive: string | undefined): number | undefined {
  const seconds = keepAlive === undefined ? undefined : KEEP_ALIVE_TIMEOUT.exec(keepAlive)?.[1]
  return seconds === undefined ? undefined : Number(seconds)
}

/** How the end of a body is found: by its length in bytes, by its last chunk, or by the end of the connection. */
export type Framing = number | 'chunked' | 'close'

/** The part of a message head that a reader needs. */
export interface MessageHead {
  /** 0 for a request. */
  readonly status: number
  readonly framing: Framing
  /** The sender closes the connection after this message. */
  readonly closes: boolean
}

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})/
const REQUEST_LINE = /^[A-Z]+ \S+ HTTP\/1\.[01](?:\r|$)/
const VERSION_1_0 = /^(?:\S+ \S+ )?HTTP\/1\.0/
const FIELD = /^(content-length|transfer-encoding|connection):(.*)$/i

/**
 * Parses the head of a request, without the empty line at its end. Reads only the fields that frame the
 * body.
 *
 * @throws Error when this is not a head of HTTP/1.
 */
export function requestHead(text: string): MessageHead {
  if (!REQUEST_LINE.test(text)) throw new Error(`Not an HTTP request: ${text.slice(0, 100)}`)
  const { length, isChunked, closes } = framingFields(text)
  return { status: 0, framing: isChunked ? 'chunked' : (length ?? 0), closes }
}

/** As `requestHead`, for a response to a request other than HEAD (RFC 9112, section 6.3). */
export function responseHead(text: string): MessageHead {
  const status = Number(STATUS_LINE.exec(text)?.[1] ?? Number.NaN)
  if (Number.isNaN(status)) throw new Error(`Not an HTTP response: ${text.slice(0, 100)}`)
  const { length, isChunked, closes } = framingFields(text)
  if (status < 200 || status === 204 || status === 304) return { status, framing: 0, closes }
  const framing = isChunked ? 'chunked' : (length ?? 'close')
  return { status, framing, closes: closes || framing === 'close' }
}

function framingFields(text: string) {
  let length: number | undefined
  let isChunked = false
  // HTTP/1.0 closes by default.
  let closes = VERSION_1_0.test(text)
  for (const line of text.split('\r\n')) {
    const field = FIELD.exec(line)
    if (field === null) continue
    const [, name = '', written = ''] = field
    const value = written.trim().toLowerCase()
    switch (name.toLowerCase()) {
      case 'content-length':
        if (!/^\d+$/.test(value)) throw new Error(`Not a content-length: ${value}`)
        length = Number(value)
        break
      case 'transfer-encoding':
        if (value !== 'chunked') throw new Error(`Not a known transfer-encoding: ${value}`)
        isChunked = true
        break
      default:
        closes = value === 'close' || (closes && value !== 'keep-alive')
    }
  }
  return { length, isChunked, closes }
}

import type { MessageHead } from './message-head.ts'

/** What a reader does with the messages of one connection. */
export interface MessageUse {
  readonly parseHead: (text: string) => MessageHead
  /** Receives a piece of the body. The bytes are valid only during the call. */
  readonly onBody?: (piece: Buffer) => void
  /** Called after the last byte of a message. An interim response (1xx) is skipped. */
  readonly onEnd: (head: MessageHead) => void
}

/** Reads HTTP/1 messages that arrive in pieces, one at a time. */
export interface MessageReader {
  /**
   * Reads the next bytes of the connection. It keeps no reference to them.
   *
   * @throws Error when the bytes are not HTTP/1 or continue after the end of a message (pipelining).
   */
  readonly push: (bytes: Buffer) => void
  /**
   * Ends a message that the end of the connection delimits.
   *
   * @throws Error when the connection ends within a message.
   */
  readonly end: () => void
}

type Part = 'head' | 'body' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer' | 'until-close'

const NONE = Buffer.alloc(0)
const HEAD_END = Buffer.from('\r\n\r\n')
const LINE_END = Buffer.from('\r\n')
const MAX_HEAD_BYTES = 65_536

/** A reader for the messages of one direction. It does not keep their bodies. */
export function createMessageReader({ parseHead, onBody, onEnd }: MessageUse): MessageReader {
  let part: Part = 'head'
  let head: MessageHead | undefined
  let ended: MessageHead | undefined
  let last: { readonly text: string; readonly parsed: MessageHead } | undefined
  /** The bytes of a head or a line whose end has not arrived yet. */
  let pending = NONE
  /** Bytes that are missing from the body or from the chunk. */
  let missing = 0

  const finish = (): void => {
    ended = head
    part = 'head'
  }

  const reportEnd = (): void => {
    if (ended === undefined) return
    const message = ended
    ended = undefined
    onEnd(message)
  }

  const readHead = (bytes: Buffer): number => {
    const end = bytes.indexOf(HEAD_END)
    if (end === -1) return 0
    const text = bytes.toString('latin1', 0, end)
    // Most heads of a load repeat the one before, until the date changes.
    if (last?.text !== text) last = { text, parsed: parseHead(text) }
    const { parsed } = last
    if (parsed.status >= 100 && parsed.status < 200) return end + HEAD_END.length
    head = parsed
    if (head.framing === 'chunked') part = 'chunk-size'
    else if (head.framing === 'close') part = 'until-close'
    else {
      part = 'body'
      missing = head.framing
      if (missing === 0) finish()
    }
    return end + HEAD_END.length
  }

  const readBody = (bytes: Buffer): number => {
    const taken = Math.min(missing, bytes.length)
    onBody?.(bytes.subarray(0, taken))
    missing -= taken
    if (missing > 0) return taken
    if (part === 'chunk') part = 'chunk-end'
    else finish()
    return taken
  }

  const readLine = (bytes: Buffer): number => {
    const end = bytes.indexOf(LINE_END)
    if (end === -1) return 0
    const line = bytes.toString('latin1', 0, end)
    if (part === 'chunk-size') {
      const size = /^[\da-f]{1,8}(?=[ \t;]|$)/i.exec(line)?.[0]
      if (size === undefined) throw new Error(`Not the size of a chunk: ${line.slice(0, 100)}`)
      missing = Number.parseInt(size, 16)
      part = missing === 0 ? 'trailer' : 'chunk'
    } else if (part === 'chunk-end') {
      if (line !== '') throw new Error('A chunk is longer than its size')
      part = 'chunk-size'
    } else if (line === '') finish()
    return end + LINE_END.length
  }

  const read = (bytes: Buffer): number => {
    switch (part) {
      case 'head':
        return readHead(bytes)
      case 'body':
      case 'chunk':
        return readBody(bytes)
      case 'until-close':
        onBody?.(bytes)
        return bytes.length
      default:
        return readLine(bytes)
    }
  }

  return {
    push: (bytes) => {
      let rest = pending.length === 0 ? bytes : Buffer.concat([pending, bytes])
      pending = NONE
      while (rest.length > 0) {
        const taken = read(rest)
        if (taken === 0) {
          if (rest.length > MAX_HEAD_BYTES) throw new Error('The head of a message is too long')
          // The caller reuses its buffer.
          pending = Buffer.from(rest)
          return
        }
        rest = rest.subarray(taken)
        if (ended !== undefined && rest.length > 0) {
          throw new Error('Unexpected bytes after the end of a message')
        }
      }
      reportEnd()
    },
    end: () => {
      if (part === 'until-close') {
        finish()
        reportEnd()
      } else if (part !== 'head' || pending.length > 0) {
        throw new Error('The connection ended within a message')
      }
    },
  }
}

import { type ChunkedReader, createChunkedReader } from './chunked-reader.ts'
import { parseResponseHead, type ResponseHead } from './response-head.ts'
import { ResponseError } from './response-error.ts'

/** Receives one response. */
export interface ResponseListener {
  /** Called once, with the final response (RFC 9110 s15.2). */
  readonly onHead: (head: ResponseHead) => void
  /** Receives a part of the content. The bytes are valid only during the call. */
  readonly onData: (piece: Buffer) => void
}

/** Reads the responses of one HTTP/1.1 connection, one after another. */
export interface ResponseReader {
  /** Prepares for the response to a request, `isHead` if its method is HEAD. */
  readonly begin: (isHead: boolean, listener: ResponseListener) => void
  /**
   * Reads the next bytes. Returns whether the response is complete.
   *
   * @throws ResponseError if they are not a response.
   */
  readonly read: (piece: Buffer) => boolean
  /** Returns whether the response is complete if the connection ends now. */
  readonly isCompleteAtEnd: () => boolean
  /** Returns whether the connection can carry another request after a complete response. */
  readonly isReusable: () => boolean
  /** The `timeout` of the last response's Keep-Alive field, in seconds; undefined if it has none. */
  readonly keepAliveSeconds: () => number | undefined
}

/** The same limit as Node's for the head of a request or a response. */
const MAX_HEAD_BYTES = 16 * 1024
const HEAD_END = '\r\n\r\n'
const BEGIN = 'HTTP/1.'
const LONE_LINE_FEED = /[^\r]\n/

/** How the end of the content is found (RFC 9112 s6.3), or that there is no response to read. */
type Framing = 'head' | 'length' | 'chunked' | 'connection' | 'complete'

const NO_LISTENER: ResponseListener = { onHead: () => undefined, onData: () => undefined }

/**
 * Creates the reader of a new connection. It accepts what RFC 9112 allows a server to send, except
 * transfer codings other than `chunked`, obsolete line folding and HTTP/0.9, and nothing else: a lone
 * line feed ends no line, and a response with two lengths is refused.
 */
export function createResponseReader(): ResponseReader {
  let listener = NO_LISTENER
  let framing: Framing = 'complete'
  let isHead = false
  /** The beginning of a head whose end has not arrived. */
  let partialHead = ''
  /** How many bytes the informational responses had. */
  let informational = 0
  /** How many bytes of the content are missing, if its length is known. */
  let missing = 0
  let chunks: ChunkedReader | undefined
  let isPersistent = false
  let keepAlive: number | undefined

  /** Returns the index after the head, or undefined if its end has not arrived. */
  const readHead = (piece: Buffer, start: number): number | undefined => {
    const before = partialHead.length
    const room = MAX_HEAD_BYTES - before
    const text = partialHead + piece.toString('latin1', start, Math.min(piece.length, start + room))
    const end = text.indexOf(HEAD_END)
    if (end === -1) {
      if (!text.startsWith(BEGIN.slice(0, text.length))) throw new ResponseError('not HTTP/1')
      // The part before was tested when it arrived.
      if (LONE_LINE_FEED.test(text.slice(Math.max(0, before - 1)))) {
        throw new ResponseError('lone line feed')
      }
      if (text.length >= MAX_HEAD_BYTES) throw new ResponseError('head over 16 KiB')
      partialHead = text
      return undefined
    }
    partialHead = ''
    const parsed = parseResponseHead(text.slice(0, end + 2))
    const { head, length, isChunked } = parsed
    const after = start + end + HEAD_END.length - before
    const { status } = head
    if (status === 101) throw new ResponseError('switched protocols')
    // An informational response is followed by the final one.
    if (status < 200) {
      informational += end + HEAD_END.length
      if (informational > MAX_HEAD_BYTES) throw new ResponseError('informational heads over 16 KiB')
      return after
    }
    // Some servers send content after the head to HEAD, which another call must not receive.
    isPersistent = parsed.isPersistent && !isHead
    keepAlive = parsed.keepAliveSeconds
    const hasContent = !isHead && status !== 204 && status !== 304
    missing = length ?? 0
    if (!hasContent || length === 0) framing = 'complete'
    else if (isChunked) framing = 'chunked'
    else framing = length === undefined ? 'connection' : 'length'
    if (framing === 'chunked') chunks = createChunkedReader(listener.onData)
    if (framing === 'connection') isPersistent = false
    listener.onHead(head)
    return after
  }

  /** Returns the index after the content, or undefined if its end has not arrived. */
  const readContent = (piece: Buffer, start: number): number | undefined => {
    if (framing === 'chunked') return chunks?.read(piece, start)
    const end = framing === 'length' ? Math.min(piece.length, start + missing) : piece.length
    missing -= end - start
    if (end > start)
      listener.onData(start === 0 && end === piece.length ? piece : piece.subarray(start, end))
    return framing === 'length' && missing === 0 ? end : undefined
  }

  return {
    begin: (isHeadRequest, next) => {
      isHead = isHeadRequest
      listener = next
      framing = 'head'
      informational = 0
    },
    read: (piece) => {
      let at: number | undefined = 0
      while (framing === 'head') {
        at = readHead(piece, at)
        if (at === undefined) return false
      }
      if (framing !== 'complete') {
        at = readContent(piece, at)
        if (at === undefined) return false
        framing = 'complete'
      }
      // Bytes without a request belong to no response.
      if (at < piece.length) isPersistent = false
      listener = NO_LISTENER
      chunks = undefined
      return true
    },
    isCompleteAtEnd: () => framing === 'connection',
    isReusable: () => isPersistent,
    keepAliveSeconds: () => keepAlive,
  }
}

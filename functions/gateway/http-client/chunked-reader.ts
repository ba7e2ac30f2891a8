import { ResponseError } from './response-error.ts'
import { areFieldLines } from './response-head.ts'

/** Reads one content in the `chunked` transfer coding (RFC 9112 s7.1). */
export interface ChunkedReader {
  /**
   * Reads a piece from `start`. Returns the index after the content, or undefined if its end has not
   * arrived.
   *
   * @throws ResponseError
   */
  readonly read: (piece: Buffer, start: number) => number | undefined
}

const LINE_FEED = 10
/** For all lines between the chunks: sizes with their extensions, and trailer fields. */
const MAX_LINE_BYTES = 16 * 1024
const SIZE_LINE = /^([0-9a-f]{1,13})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n$/i
const CRLF = '\r\n'

/**
 * Passes each part of the content to `onData`, and ignores chunk extensions and trailer fields. An
 * extension counts towards the limit of 16 KiB, a size does not, so the number of chunks is not
 * limited.
 */
export function createChunkedReader(onData: (piece: Buffer) => void): ChunkedReader {
  let step: 'size' | 'data' | 'data-end' | 'trailer' = 'size'
  /** The beginning of a line whose end has not arrived. */
  let partialLine = ''
  let missing = 0
  let room = MAX_LINE_BYTES

  const readLine = (piece: Buffer, start: number): string | undefined => {
    const feed = piece.indexOf(LINE_FEED, start)
    const end = feed === -1 ? piece.length : feed + 1
    if (partialLine.length + end - start > room) throw new ResponseError('lines over 16 KiB')
    const line = partialLine + piece.toString('latin1', start, end)
    partialLine = feed === -1 ? line : ''
    return feed === -1 ? undefined : line
  }

  /** Reads a line. Returns whether it was the last one of the content. */
  const take = (line: string): boolean => {
    if (step === 'size') {
      const size = SIZE_LINE.exec(line)?.[1]
      if (size === undefined) throw new ResponseError('malformed chunk size')
      missing = Number.parseInt(size, 16)
      room -= line.length - size.length - CRLF.length
      step = missing === 0 ? 'trailer' : 'data'
      return false
    }
    if (step === 'data-end') {
      if (line !== CRLF) throw new ResponseError('malformed chunk')
      step = 'size'
      return false
    }
    if (line === CRLF) return true
    if (!areFieldLines(line)) throw new ResponseError('malformed trailer')
    room -= line.length
    return false
  }

  return {
    read: (piece, start) => {
      let at = start
      while (at < piece.length) {
        if (step === 'data') {
          const end = Math.min(piece.length, at + missing)
          onData(piece.subarray(at, end))
          missing -= end - at
          at = end
          if (missing === 0) step = 'data-end'
          continue
        }
        const before = partialLine.length
        const line = readLine(piece, at)
        if (line === undefined) return undefined
        at += line.length - before
        if (take(line)) return at
      }
      return undefined
    },
  }
}

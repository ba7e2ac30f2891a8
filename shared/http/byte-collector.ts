/** Collects the pieces of a body. */
export interface ByteCollector {
  /** Adds a piece, which must not be changed afterwards. */
  readonly add: (piece: Buffer) => void
  /** Returns all bytes and forgets them. Bytes that were added as one piece are that piece. */
  readonly take: () => Buffer
  /** Forgets all bytes. */
  readonly clear: () => void
}

/** Node needs several hundred bytes for each Buffer, so smaller pieces are copied together. */
const SMALL_BYTES = 1_024
const BLOCK_BYTES = 4_096
const EMPTY = Buffer.alloc(0)

/**
 * Creates a collector whose memory depends on the number of bytes and not on the number of pieces: a
 * sender can divide a body into pieces of one byte.
 */
export function createByteCollector(): ByteCollector {
  let pieces: Buffer[] = []
  let block = EMPTY
  /** The part of the block that is not in `pieces` yet. */
  let start = 0
  let end = 0
  const closeBlock = () => {
    if (end > start) pieces.push(block.subarray(start, end))
    start = end
  }
  const clear = () => {
    pieces = []
    block = EMPTY
    start = 0
    end = 0
  }
  return {
    add: (piece) => {
      // Most short bodies arrive in one piece.
      const isFirst = pieces.length === 0 && end === 0
      if (isFirst || piece.length >= SMALL_BYTES) {
        closeBlock()
        pieces.push(piece)
        return
      }
      if (end + piece.length > block.length) {
        closeBlock()
        block = Buffer.allocUnsafeSlow(BLOCK_BYTES)
        start = 0
        end = 0
      }
      end += piece.copy(block, end)
    },
    take: () => {
      closeBlock()
      const [first = EMPTY] = pieces
      const whole = pieces.length > 1 ? Buffer.concat(pieces) : first
      clear()
      return whole
    },
    clear,
  }
}

import { connect, type Socket } from 'node:net'
import { responseHead } from './message-head.ts'
import { createMessageReader } from './message-reader.ts'

const BUFFER_BYTES = 65_536

/** A keep-alive connection that carries one request at a time. */
export interface Connection {
  /** Sends a request. The first one opens a socket, and so does one after a socket that was closed. */
  readonly send: (request: Buffer) => void
  readonly close: () => void
}

export interface ConnectionUse {
  /** Receives a complete response. The bytes of the body are valid only during the call. */
  readonly onResponse: (status: number, body: Buffer) => void
  /** Receives a failure of the socket, a response that is not HTTP/1, or an error of `onResponse`. */
  readonly onError: (error: unknown) => void
}

/** A connection to the server of an `http:` URL. */
export function createConnection({ hostname, port }: URL, use: ConnectionUse): Connection {
  // Node allocates a buffer for each read of a socket without `onread`.
  const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  let socket: Socket | undefined
  let isAwaiting = false

  const close = (): void => {
    socket?.destroy()
    socket = undefined
  }

  const open = (): Socket => {
    const body = createBody()
    const reader = createMessageReader({
      parseHead: responseHead,
      onBody: body.add,
      onEnd: ({ status, closes }) => {
        if (!isAwaiting) throw new Error(`HTTP ${status} without a request`)
        isAwaiting = false
        if (closes) close()
        use.onResponse(status, body.take())
      },
    })
    const failed = (error: unknown): void => {
      if (socket !== opened) return
      close()
      use.onError(error)
    }
    const attempt = (step: () => void): void => {
      try {
        step()
      } catch (error) {
        close()
        use.onError(error)
      }
    }
    const opened = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer,
        callback: (size) => {
          attempt(() => reader.push(buffer.subarray(0, size)))
          return true
        },
      },
    })
    opened.on('error', failed)
    opened.on('end', () => attempt(reader.end))
    opened.on('close', () => {
      if (isAwaiting) failed(new Error('The server closed the connection before its response'))
      else if (socket === opened) socket = undefined
    })
    return opened
  }

  return {
    send: (request) => {
      isAwaiting = true
      socket ??= open()
      socket.write(request)
    },
    close,
  }
}

/** Collects the pieces of a body in a buffer that the next body reuses. */
function createBody() {
  let store = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  let size = 0
  return {
    add: (piece: Buffer): void => {
      if (size + piece.length > store.length) {
        const larger = Buffer.allocUnsafeSlow(2 * (size + piece.length))
        store.copy(larger, 0, 0, size)
        store = larger
      }
      piece.copy(store, size)
      size += piece.length
    },
    take: (): Buffer => {
      const body = store.subarray(0, size)
      size = 0
      return body
    },
  }
}

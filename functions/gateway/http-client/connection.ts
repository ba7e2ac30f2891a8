import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { monotonicMs } from '../../../shared/monotonic.ts'
import { afterNextRead } from './loop-turn.ts'
import { createResponseReader, type ResponseListener } from './response-reader.ts'

/** One request and its response. */
export interface Exchange extends ResponseListener {
  /** The head of the request, in Latin-1. */
  readonly head: string
  readonly body: Buffer | undefined
  /** Whether the method is HEAD. */
  readonly isHead: boolean
  /** Asked after each part of the content. The connection reads more when it has resolved. */
  readonly room: () => Promise<void> | undefined
  /**
   * Called once it has a connection, which it may close to end early. From `onEnd` on, the connection
   * may carry another exchange.
   */
  readonly onStart: (connection: Connection) => void
  readonly onEnd: () => void
  /**
   * `isUnsent` is true only if it is certain that the server has received nothing of the request. It is
   * false if the connection was opened for the exchange, so the number of further attempts is limited.
   */
  readonly onError: (cause: Error, isUnsent: boolean) => void
}

/** A connection that carries one exchange at a time. */
export interface Connection {
  /**
   * Starts an exchange. The connection must be idle. `isRead` means that the event loop has begun to
   * read the sockets again since the last response, or that there was none.
   */
  readonly run: (exchange: Exchange, isRead: boolean) => void
  /** Returns whether it has carried an exchange. */
  readonly isUsed: () => boolean
  /** Returns whether the server may still keep this idle connection open. */
  readonly isFresh: () => boolean
  /** Ends it, and the exchange on it without calling its listeners. */
  readonly close: () => void
}

export interface ConnectionOptions {
  readonly url: URL
  /** The latest TLS session of this server, for the next connection. */
  readonly session: { latest?: Buffer | undefined }
  /** Called once connected, and after each exchange unless the connection ends then. */
  readonly onIdle: (connection: Connection) => void
  /** Called once. `cause` is why it was never connected; undefined if it was. */
  readonly onClose: (connection: Connection, cause: Error | undefined) => void
}

const CONNECT_TIMEOUT_MS = 10_000
const KEEP_ALIVE_MS = 60_000
// The server counts from when it has sent the response.
const KEEP_ALIVE_MARGIN_MS = 1_000
/** A connection that is idle for longer is read once more before it is used. */
const MAX_UNREAD_MS = 5
// Fits into one TLS record, and into the send buffer of an idle connection.
const MAX_SINGLE_WRITE_BYTES = 8 * 1024
/** All connections read into it: what is read is used or copied before the next read. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024)

/** Opens a connection. Certificates are verified before anything is sent. */
export function openConnection(options: ConnectionOptions): Connection {
  const reader = createResponseReader()
  let exchange: Exchange | undefined
  let isConnected = false
  let sent: 'nothing' | 'one-piece' | 'pieces' = 'nothing'
  let staleAt = 0
  let idleSince = 0
  let isUsed = false
  /** Whether it has waited for an exchange. */
  let isKept = false
  let cause: Error | undefined

  const fail = (error: Error) => {
    cause ??= error
    const failed = exchange
    exchange = undefined
    socket.destroy()
    const isWriteError = 'syscall' in error && error.syscall === 'write'
    // A server that resets each new connection would be tried again without end.
    failed?.onError(error, sent === 'nothing' || (sent === 'one-piece' && isWriteError && isKept))
  }
  const becomeIdle = (milliseconds: number) => {
    idleSince = monotonicMs()
    staleAt = idleSince + milliseconds
    options.onIdle(connection)
  }
  const complete = (isOpen: boolean) => {
    const done = exchange
    exchange = undefined
    // A server may answer before it has received the whole request.
    if (isOpen && reader.isReusable() && socket.writableLength === 0) {
      const seconds = reader.keepAliveSeconds()
      const hinted = seconds === undefined ? KEEP_ALIVE_MS : seconds * 1_000 - KEEP_ALIVE_MARGIN_MS
      isKept = true
      becomeIdle(Math.min(hinted, KEEP_ALIVE_MS))
    } else socket.destroy()
    done?.onEnd()
  }
  /** Returns whether to continue reading. */
  const onRead = (length: number): boolean => {
    // A server may send a response, such as 408, when it closes a connection that it has not used.
    if (exchange === undefined || sent === 'nothing') {
      fail(networkError('ECONNRESET', 'read'))
      return false
    }
    let isComplete: boolean
    try {
      isComplete = reader.read(READ_BUFFER.subarray(0, length))
    } catch (error) {
      fail(error as Error)
      return false
    }
    // A listener may have closed the connection.
    if (socket.destroyed) return false
    if (isComplete) {
      complete(true)
      return true
    }
    const waited = exchange.room()
    if (waited === undefined) return true
    void waited.then(() => socket.resume())
    return false
  }
  const write = () => {
    if (exchange === undefined) return
    if (byteLength(exchange) <= MAX_SINGLE_WRITE_BYTES) {
      writeAtOnce(socket, exchange)
      sent = 'one-piece'
    } else {
      writeInPieces(socket, exchange)
      sent = 'pieces'
    }
  }
  const onConnected = () => {
    clearTimeout(timer)
    isConnected = true
    becomeIdle(KEEP_ALIVE_MS)
    isKept = exchange === undefined
  }

  const socket = connect(options, onRead, onConnected)
  const timer = setTimeout(() => fail(networkError('ETIMEDOUT', 'connect')), CONNECT_TIMEOUT_MS)
  socket.on('error', fail)
  socket.on('end', () => {
    if (exchange !== undefined && reader.isCompleteAtEnd()) complete(false)
    else fail(networkError('ECONNRESET', 'read'))
  })
  socket.on('close', () => {
    clearTimeout(timer)
    if (exchange !== undefined || cause === undefined) fail(networkError('ECONNRESET', 'read'))
    options.onClose(connection, isConnected ? undefined : cause)
  })

  const connection: Connection = {
    run: (next, isRead) => {
      exchange = next
      isUsed = true
      next.onStart(connection)
      reader.begin(next.isHead, next)
      sent = 'nothing'
      // What the server sends after a response often follows at once.
      if (isRead && monotonicMs() - idleSince <= MAX_UNREAD_MS) write()
      else afterNextRead(write)
    },
    isUsed: () => isUsed,
    isFresh: () => !socket.destroyed && monotonicMs() < staleAt,
    close: () => {
      exchange = undefined
      socket.destroy()
    },
  }
  return connection
}

function connect(
  { url, session }: ConnectionOptions,
  onRead: (length: number) => boolean,
  onConnected: () => void,
): Socket {
  // The URL has an IPv6 address in brackets.
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const common = {
    host,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    // Without a stream of buffers between the socket and the reader.
    onread: { buffer: READ_BUFFER, callback: onRead },
  }
  if (url.protocol === 'http:') {
    return connectTcp({ ...common, port: Number(url.port || 80) }, onConnected)
  }
  // Loading it takes several milliseconds of a start.
  const tls = process.getBuiltinModule('node:tls')
  const socket = tls.connect({
    ...common,
    port: Number(url.port || 443),
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) === 0 && { servername: host }),
    session: session.latest,
  })
  // Not before: the certificate is verified after the handshake.
  socket.once('secureConnect', onConnected)
  return socket.on('session', (latest) => {
    session.latest = latest
  })
}

function byteLength({ head, body }: Exchange): number {
  return head.length + (body?.length ?? 0)
}

/** Writes a short request, of which the kernel takes all or nothing. */
function writeAtOnce(socket: Socket, exchange: Exchange): void {
  const { head, body } = exchange
  const whole = Buffer.allocUnsafe(byteLength(exchange))
  whole.write(head, 'latin1')
  body?.copy(whole, head.length)
  socket.write(whole)
}

function writeInPieces(socket: Socket, { head, body }: Exchange): void {
  socket.cork()
  socket.write(head, 'latin1')
  if (body !== undefined) socket.write(body)
  socket.uncork()
}

function networkError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall })
}

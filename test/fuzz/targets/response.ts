import { once } from 'node:events'
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { Duplex } from 'node:stream'
import { ResponseError } from '../../../functions/gateway/http-client/response-error.ts'
import type { ResponseHead } from '../../../functions/gateway/http-client/response-head.ts'
import { createResponseReader } from '../../../functions/gateway/http-client/response-reader.ts'
import { type FuzzTarget, must, onlyRefuses } from '../target.ts'

/** A complete response to a GET request. */
interface Reading {
  readonly status: number
  readonly contentType: string
  readonly content: string
  /** Whether another request could follow on the connection. */
  readonly isReusable: boolean
}

const OK = 'HTTP/1.1 200 OK\r\n'
const PIECES = [1, 7]

/** The reader of responses from backends: never another reading than that of Node's parser. */
export const responseTarget: FuzzTarget = {
  name: 'response',
  seeds: [
    `${OK}content-type: application/json\r\ncontent-length: 7\r\n\r\n{"a":1}`,
    `${OK}transfer-encoding: chunked\r\n\r\n3;a="b"\r\nabc\r\n00B\r\n0123456789\n\r\n0\r\nx: y\r\n\r\n`,
    'HTTP/1.0 404 \r\nConnection: keep-alive\r\n\r\nto the end',
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${OK}content-length: 0\r\n\r\n`,
    'HTTP/1.1 204 No Content\r\nkeep-alive: timeout=5, max=1\r\n\r\n',
    `${OK}connection: close, x\r\ncontent-length: 2\r\n\r\nok`,
    `${OK}content-length: 2\r\n\r\nok${OK}content-length: 3\r\n\r\nbad`,
  ],
  check: async (text) => {
    const bytes = Buffer.from(text, 'latin1')
    const whole = read([bytes])
    for (const length of PIECES) {
      must(isEqual(whole, read(divided(bytes, length))), 'the division of the bytes matters')
    }
    if (whole === undefined) return
    const expected = await readByNode(bytes)
    must(expected !== undefined, 'Node refuses this response')
    must(whole.status === expected.status, 'Node reads another status')
    must(whole.contentType === expected.contentType, 'Node reads another Content-Type')
    must(whole.content === expected.content, 'Node reads other content')
    must(!whole.isReusable || expected.isReusable, 'Node would close the connection')
  },
}

/** Returns undefined if the bytes, and the end of the connection after them, are no complete response. */
function read(pieces: readonly Buffer[]): Reading | undefined {
  return onlyRefuses([ResponseError], () => {
    const reader = createResponseReader()
    let head: ResponseHead | undefined
    let content = ''
    reader.begin(false, {
      onHead: (received) => {
        head = received
      },
      onData: (piece) => {
        content += piece.toString('latin1')
      },
    })
    let isComplete = false
    let hasMore = false
    for (const piece of pieces) {
      hasMore = isComplete
      if (isComplete) break
      isComplete = reader.read(piece)
    }
    if (head === undefined || !(isComplete || reader.isCompleteAtEnd())) return undefined
    const { status, contentType } = head
    return { status, contentType, content, isReusable: reader.isReusable() && !hasMore }
  })
}

function divided(bytes: Buffer, length: number): Buffer[] {
  const count = Math.ceil(bytes.length / length)
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * length, (index + 1) * length),
  )
}

function isEqual(one: Reading | undefined, other: Reading | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** Reads the response by `node:http`, in strict mode. */
async function readByNode(bytes: Buffer): Promise<Reading | undefined> {
  const socket = new Duplex({ read: () => undefined, write: (_piece, _encoding, done) => done() })
  const agent = Object.assign(new Agent({ keepAlive: true }), {
    createConnection: () => socket,
    keepSocketAlive: () => false,
  })
  const sent = request({ agent, insecureHTTPParser: false })
  // After the response, an error concerns only bytes that follow it.
  sent.on('error', () => undefined)
  sent.end()
  sent.on('finish', () => {
    socket.push(bytes)
    socket.push(null)
  })
  const response = await responseOf(sent)
  if (response === undefined) return undefined
  try {
    let content = ''
    for await (const piece of response.setEncoding('latin1')) content += piece
    const { statusCode: status = 0 } = response
    const contentType = contentTypeOf(response)
    return { status, contentType, content, isReusable: sent.shouldKeepAlive }
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}

async function responseOf(sent: ClientRequest): Promise<IncomingMessage | undefined> {
  try {
    const [response] = await once(sent, 'response')
    return response as IncomingMessage
  } catch {
    return undefined
  }
}

/** '' if it is absent or repeated. */
function contentTypeOf(response: IncomingMessage): string {
  const values = response.headersDistinct['content-type'] ?? []
  return values.length === 1 ? (values[0] ?? '') : ''
}

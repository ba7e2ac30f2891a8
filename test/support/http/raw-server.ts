import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** Handles one request. `connection` is the number of its connection, from 1. */
export type Respond = (socket: Socket, connection: number, path: string) => void

/**
 * Starts a server that reads only the heads of requests, until the end of the test. `open` has its
 * connections.
 */
export async function startRawServer(respond: Respond, listen?: { readonly port: number }) {
  const open = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    const connection = connections
    let text = ''
    open.add(socket)
    socket.on('close', () => open.delete(socket)).on('error', () => undefined)
    socket.on('data', (piece) => {
      text += piece.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const [, path = ''] = text.split(' ')
        text = text.slice(end + 4)
        respond(socket, connection, path)
      }
    })
  })
  await once(server.listen(listen?.port ?? 0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, open }
}

/** Writes a response with a Content-Length. `fields` are lines. */
export function response(text: string, fields = '', status = 'HTTP/1.1 200 OK'): string {
  return `${status}\r\n${fields}content-length: ${text.length}\r\n\r\n${text}`
}

/** Starts a server whose response is the number of the connection. `fields` are lines. */
export function startNumbering(fields = '') {
  return startRawServer((socket, connection) => {
    socket.write(response(String(connection), fields))
  })
}

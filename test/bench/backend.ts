/**
 * The backend of every subject: answers any request with the same small JSON object. It uses `node:net`
 * because a backend with `node:http` needs as much CPU time as the servers under test. No pipelining.
 */
import { createServer } from 'node:net'
import { requestHead } from './http/message-head.ts'
import { createMessageReader } from './http/message-reader.ts'

const BODY = JSON.stringify({ events: [{ id: 'evt_1', title: 'Dentist', at: '2026-12-01' }] })
const HEAD = [
  'HTTP/1.1 200 OK',
  'content-type: application/json',
  `content-length: ${Buffer.byteLength(BODY)}`,
  `date: ${new Date().toUTCString()}`,
  'connection: keep-alive',
]
const ANSWER = Buffer.from(`${HEAD.join('\r\n')}\r\n\r\n${BODY}`)

createServer({ noDelay: true }, (socket) => {
  const reader = createMessageReader({
    parseHead: requestHead,
    onEnd: ({ closes }) => {
      socket.write(ANSWER)
      if (closes) socket.end()
    },
  })
  socket.on('data', (bytes: Buffer) => {
    try {
      reader.push(bytes)
    } catch {
      socket.destroy()
    }
  })
  // A subject that is stopped resets its connections.
  socket.on('error', () => socket.destroy())
}).listen(Number(process.env['PORT']), '127.0.0.1')

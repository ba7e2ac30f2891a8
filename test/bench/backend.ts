/** The backend of every subject: answers any POST with the same small JSON object. */
import { createServer } from 'node:http'

const ANSWER = JSON.stringify({ events: [{ id: 'evt_1', title: 'Dentist', at: '2026-12-01' }] })

createServer((req, res) => {
  req.resume().on('end', () => {
    res.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(ANSWER),
    })
    res.end(ANSWER)
  })
}).listen(Number(process.env['PORT']), '127.0.0.1')

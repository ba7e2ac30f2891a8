/**
 * The cost of Node itself for the same bytes: `node:http` and undici's pool forward the body of each POST
 * to one tool of the backend and return its response, without parsing either.
 */
import { createServer } from 'node:http'
import { Pool } from 'undici'

const { PORT, FUNCTIONS_BASE = '' } = process.env
const pool = new Pool(FUNCTIONS_BASE, { connections: 200, pipelining: 1 })

createServer((req, res) => {
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  req.on('end', async () => {
    if (req.method !== 'POST') {
      res.end()
      return
    }
    const answer = await pool.request({
      path: '/listEvents',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.concat(chunks),
    })
    const body = Buffer.from(await answer.body.arrayBuffer())
    res.writeHead(answer.statusCode, {
      'content-type': 'application/json',
      'content-length': body.length,
    })
    res.end(body)
  })
}).listen(Number(PORT), '127.0.0.1')

import express from 'express'
import { verifyCaller } from './verify-hmac.mjs'

const app = express()
app.use(
  express.json({
    limit: '8mb',
    type: ['application/json', 'application/*+json'],
    verify: (req, _, bytes) => {
      req.rawBody = bytes
    },
  }),
)
app.use(async (req, res, next) => {
  // FUNCTIONS_BASE has the host and the path that a proxy in front of this server removes.
  const url = `${process.env.FUNCTIONS_BASE}${req.originalUrl}`
  const body = req.rawBody ?? Buffer.alloc(0) // rawBody is undefined if there is no body
  const call = { method: req.method, url, headers: req.headers, body }
  req.caller = await verifyCaller(call).catch(({ message }) => {
    process.stderr.write(`${message}\n`)
  })
  if (req.caller === undefined) {
    return res.status(401).json({ message: 'The assertion is not valid.' })
  }
  next()
})
app.post('/listEvents', (req, res) => {
  res.json({ events: [`dentist, for ${req.caller.sub}`] })
})
// Cloud Run sets K_SERVICE and PORT. On your machine PORT may be the port of the gateway.
const { K_SERVICE, PORT, BACKEND_PORT = 9000 } = process.env
export const server = K_SERVICE ? app.listen(PORT) : app.listen(BACKEND_PORT, '127.0.0.1')

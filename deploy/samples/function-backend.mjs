import { http } from '@google-cloud/functions-framework'
import { verifyCaller } from './verify-hmac.mjs'

http('listEvents', async (req, res) => {
  // Google Cloud removes the function's name from req.url, so only its query is used.
  const [, query] = req.url.split(/\?(.*)/s)
  const url = `${process.env.FUNCTIONS_BASE}/listEvents${query ? `?${query}` : ''}`
  const body = req.rawBody ?? Buffer.alloc(0) // rawBody is undefined if there is no body
  const call = { method: req.method, url, headers: req.headers, body }
  const caller = await verifyCaller(call).catch(({ message }) => {
    process.stderr.write(`${message}\n`)
  })
  if (caller === undefined) return res.status(401).json({ message: 'The assertion is not valid.' })
  res.json({ events: [`dentist, for ${caller.sub}`] })
})

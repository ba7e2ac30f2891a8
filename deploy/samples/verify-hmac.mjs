import { createHash } from 'node:crypto'
import { jwtVerify } from 'jose'

const secrets = process.env.GATEWAY_HMAC_SECRET.split(',').map((secret) =>
  Buffer.from(secret.trim()),
)
if (secrets.some(({ length }) => length < 32)) throw new Error('GATEWAY_HMAC_SECRET is too short')

/** Returns the caller's claims. `body`: the raw bytes; `url`: this backend's URL as the gateway calls it. */
export async function verifyCaller(headers, body, url) {
  const options = {
    algorithms: ['HS256'],
    issuer: process.env.PUBLIC_URL,
    audience: url,
    requiredClaims: ['exp', 'jti', 'tool', 'body_sha256'],
    clockTolerance: 5,
    maxTokenAge: 60,
  }
  const tries = secrets.map((secret) => jwtVerify(headers['x-gateway-assertion'], secret, options))
  const { payload } = await Promise.any(tries)
  const digest = createHash('sha256').update(body).digest('hex')
  if (payload.body_sha256 !== digest) throw new Error('The assertion is for another body.')
  return payload
}

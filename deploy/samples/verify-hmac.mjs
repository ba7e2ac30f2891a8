import { createHash } from 'node:crypto'
import { jwtVerify } from 'jose'

const { PUBLIC_URL, GATEWAY_HMAC_SECRET = '' } = process.env
const secrets = GATEWAY_HMAC_SECRET.split(',').map((secret) => Buffer.from(secret.trim()))
if (!PUBLIC_URL || secrets.some(({ length }) => length < 32)) {
  throw new Error('PUBLIC_URL and GATEWAY_HMAC_SECRET (32 bytes or more) must be as in the gateway')
}

/** Returns the caller's claims. `url`: as the gateway calls it, with its query; `body`: the raw bytes. */
export async function verifyCaller({ method, url, headers, body }) {
  const [target, query] = url.split(/\?(.*)/s)
  const options = {
    algorithms: ['HS256'],
    issuer: PUBLIC_URL,
    audience: target,
    requiredClaims: ['exp', 'jti', 'tool', 'htm', 'htu', 'body_sha256'],
    clockTolerance: 5,
    maxTokenAge: 60,
  }
  const tries = secrets.map((secret) => jwtVerify(headers['x-gateway-assertion'], secret, options))
  const { payload } = await Promise.any(tries).catch(({ errors }) => {
    throw errors[0]
  })
  const isSame =
    payload.htm === method &&
    payload.htu === target &&
    payload.query_sha256 === (query ? sha256(query) : undefined) &&
    payload.body_sha256 === sha256(body)
  if (!isSame) throw new Error('The assertion is for another call.')
  return payload
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}

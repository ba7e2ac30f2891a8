import { createHash } from 'node:crypto'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const keySet = createRemoteJWKSet(new URL('/.well-known/jwks.json', process.env.PUBLIC_URL))

/** Returns the caller's claims. `url`: as the gateway calls it, with its query; `body`: the raw bytes. */
export async function verifyCaller({ method, url, headers, body }) {
  const [target, query] = url.split(/\?(.*)/s)
  const { payload } = await jwtVerify(headers['x-gateway-assertion'], keySet, {
    algorithms: ['ES256', 'EdDSA'],
    issuer: process.env.PUBLIC_URL,
    audience: target,
    requiredClaims: ['exp', 'jti', 'tool', 'htm', 'htu', 'body_sha256'],
    clockTolerance: 5,
    maxTokenAge: 60,
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

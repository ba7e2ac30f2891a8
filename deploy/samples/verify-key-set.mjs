import { createHash } from 'node:crypto'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const keySet = createRemoteJWKSet(new URL('/.well-known/jwks.json', process.env.PUBLIC_URL))

/** Returns the caller's claims. `body`: the raw bytes; `url`: this backend's URL as the gateway calls it. */
export async function verifyCaller(headers, body, url) {
  const { payload } = await jwtVerify(headers['x-gateway-assertion'], keySet, {
    algorithms: ['ES256', 'EdDSA'],
    issuer: process.env.PUBLIC_URL,
    audience: url,
    requiredClaims: ['exp', 'jti', 'tool', 'body_sha256'],
    clockTolerance: 5,
    maxTokenAge: 60,
  })
  const digest = createHash('sha256').update(body).digest('hex')
  if (payload.body_sha256 !== digest) throw new Error('The assertion is for another body.')
  return payload
}

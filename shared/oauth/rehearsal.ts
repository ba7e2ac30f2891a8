import { createHmac } from 'node:crypto'
import { compactVerify, importJWK } from 'jose'

// An odd number of 2,048 bits, and a signature that does not match. Neither protects anything.
const KEY = { kty: 'RSA', n: `${'u'.repeat(341)}w`, e: 'AQAB' }
const JWS = `eyJhbGciOiJSUzI1NiJ9.e30.${'A'.repeat(342)}`

/**
 * Verifies and makes a signature once, without a use for the results. The first time loads parts of
 * Node and starts threads, for which the first call would otherwise wait.
 */
export async function rehearseSignatures(): Promise<void> {
  try {
    await compactVerify(JWS, await importJWK(KEY, 'RS256'))
  } catch {
    // The signature does not match.
  }
  createHmac('sha256', JWS).update(JWS).digest('base64url')
}

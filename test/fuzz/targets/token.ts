import { createAccessTokenVerifier } from '../../../shared/oauth/access-token.ts'
import { BearerError } from '../../../shared/oauth/bearer.ts'
import { hostileTokens } from '../../support/tokens/hostile-tokens.ts'
import * as tokens from '../../support/tokens/token.ts'
import { type FuzzTarget, must } from '../target.ts'

const GOOD = tokens.token()
const verify = createAccessTokenVerifier({
  issuer: tokens.ISSUER,
  audience: tokens.AUDIENCE,
  scopeSource: 'scope',
  jwks: await tokens.keySet(),
  now: () => tokens.NOW,
})

/** JWT verification: only the token that was signed for this API is accepted. Keys differ in each run. */
export const tokenTarget: FuzzTarget = {
  name: 'token',
  seeds: [
    GOOD,
    tokens.withClaims({ exp: 1 }),
    tokens.withClaims({ aud: 'https://other.example/' }),
    tokens.withHeader({ crit: ['b64'], b64: false }),
    tokens.signedByOthers(),
    ...hostileTokens().map(({ token }) => token),
  ],
  check: async (text) => {
    try {
      await verify(text)
    } catch (error) {
      must(error instanceof BearerError, 'an error other than a BearerError is thrown')
      must(text.length < 20 || !error.message.includes(text), 'an error quotes the token')
      return
    }
    must(text === GOOD, 'a token is accepted that was not issued for this API')
  },
}

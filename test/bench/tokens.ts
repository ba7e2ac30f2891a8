import type { Issuer } from '../support/http/issuer.ts'

/** More tokens than the gateway caches: when they are used in turn, each is new to the gateway. */
const NEW_TOKENS = 4_000

export interface TokenSource {
  /** The same token for every call. */
  readonly seen: string
  /** Tokens of 500 users. */
  readonly ofUsers: readonly string[]
  readonly new: readonly string[]
  readonly badSignature: readonly string[]
  readonly unknownKey: readonly string[]
}

/** Tokens of one issuer that remain valid for the whole run. */
export async function mintTokens(issuer: Issuer): Promise<TokenSource> {
  const exp = Math.floor(Date.now() / 1000) + 24 * 3_600
  const mint = (jti: number, sub = 'auth0|alice', header = {}) =>
    issuer.token({ exp, jti: String(jti), sub }, header)
  const many = (count: number, one: (index: number) => Promise<string>) =>
    Promise.all(Array.from({ length: count }, (_, index) => one(index)))
  const fresh = await many(NEW_TOKENS, (index) => mint(index))
  return {
    seen: await mint(-1),
    ofUsers: await many(500, (index) => mint(index, `auth0|user${index}`)),
    new: fresh,
    badSignature: fresh.map(withOtherSignature),
    unknownKey: await many(500, (index) => mint(index, 'auth0|alice', { kid: `unknown-${index}` })),
  }
}

function withOtherSignature(token: string, index: number, all: readonly string[]): string {
  const other = all[(index + 1) % all.length] ?? ''
  return token.slice(0, token.lastIndexOf('.')) + other.slice(other.lastIndexOf('.'))
}

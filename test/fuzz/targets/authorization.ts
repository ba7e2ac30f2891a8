import { BearerError, bearerToken } from '../../../shared/oauth/bearer.ts'
import { type FuzzTarget, MARKER, must, onlyRefuses } from '../target.ts'

const TOKEN_CHARACTERS = new Set(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=',
)

/** The Authorization field: only the scheme, blanks and one token are accepted (RFC 6750 s2.1). */
export const authorizationTarget: FuzzTarget = {
  name: 'authorization',
  seeds: [
    `Bearer ${MARKER}.abc-_~+/==`,
    'bearer   a',
    'BEARER a',
    'Bearer',
    `Basic ${MARKER}`,
    `Bearer ${MARKER}, Bearer b`,
    'Bearer\ta',
    `Bearer ${'a'.repeat(500)}=a`,
  ],
  check: (text) => {
    const token = onlyRefuses([BearerError], () => bearerToken([text]))
    if (token !== undefined) {
      const [scheme = '', ...rest] = text.split(' ')
      must(scheme.toLowerCase() === 'bearer', 'another scheme is accepted')
      const parts = rest.filter((part) => part !== '')
      must(parts.length === 1 && parts[0] === token, 'there is not exactly one token')
      must(
        [...token].every((one) => TOKEN_CHARACTERS.has(one)),
        'a token has other characters',
      )
      must(/^[^=]+=*$/.test(token), 'a token has padding in its middle')
      must(text.endsWith(token), 'something follows the token')
    }
    const twice = onlyRefuses([BearerError], () => [bearerToken([text, text])])
    must(twice === undefined, 'two fields are accepted')
  },
}

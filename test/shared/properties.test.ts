import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { parseGatewayConfig } from '../../functions/gateway/config.ts'
import { readJson, toMessage } from '../../functions/gateway/json-rpc.ts'
import { readInbound } from '../../functions/gateway/revision.ts'
import { parseLogRecords } from '../../functions/log-webhook/log-record.ts'
import { createAccessTokenVerifier, type VerifyAccessToken } from '../../shared/access-token.ts'
import { BearerError, bearerChallenge, bearerToken } from '../../shared/bearer.ts'
import { ConfigError } from '../../shared/config.ts'
import { HttpError } from '../../shared/http-error.ts'
import { CHATGPT_REDIRECT_URIS, createRedirectUriPolicy } from '../../shared/redirect-uris.ts'
import { parseCatalogue } from '../../shared/tools.ts'
import { AUDIENCE, ISSUER, keySet, NOW, token } from '../support/tokens.ts'

// Seeded, so that a failure is the same for everybody.
fc.configureGlobal({ seed: 20_261_123, numRuns: 300 })

/** Runs it, and lets pass only the errors that it may throw. */
function throwsOnly(
  allowed: readonly (new (...args: never[]) => Error)[],
  run: () => unknown,
): void {
  try {
    run()
  } catch (error) {
    if (!allowed.some((type) => error instanceof type)) throw error
  }
}

describe('tokens', () => {
  let verify: VerifyAccessToken
  beforeAll(async () => {
    const jwks = await keySet()
    const expected = { issuer: ISSUER, audience: AUDIENCE, scopeSource: 'scope' } as const
    verify = createAccessTokenVerifier({ ...expected, jwks, now: () => NOW })
  })
  const refused = (accessToken: string) => expect(verify(accessToken)).rejects.toThrow(BearerError)

  test('no character of a good one can be changed', async () => {
    const good = token()
    const character = fc.constantFrom(...'ABCxyz059-_=+/. \n')
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), character, async (at, other) => {
        fc.pre(good[at] !== other)
        await refused(`${good.slice(0, at)}${other}${good.slice(at + 1)}`)
      }),
    )
  })

  test('nothing can be cut from a good one, or added to it', async () => {
    const good = token()
    const cut = fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 50 }))
    await fc.assert(
      fc.asyncProperty(cut, fc.string({ minLength: 1 }), async ([at, length], more) => {
        await refused(good.slice(0, at) + good.slice(at + length))
        await refused(good + more)
        await refused(more + good)
      }),
    )
  })

  test('no other text is one', async () => {
    const part = fc.base64String()
    const dotted = fc.array(part, { maxLength: 6 }).map((parts) => parts.join('.'))
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), dotted), async (text) => {
        await refused(text)
      }),
    )
  })

  test('signed nonsense is refused, not a crash', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        await refused(token({ payload: JSON.stringify(value) }))
      }),
      { numRuns: 60 },
    )
  })
})

describe('header fields', () => {
  test('no Authorization crashes the reader', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.string().map((text) => `Bearer ${text}`),
          ),
        ),
        (fields) => throwsOnly([BearerError], () => bearerToken(fields)),
      ),
    )
  })

  test('a challenge is one line of quoted strings, whatever goes into it', () => {
    const anything = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(
        anything,
        fc.array(anything),
        anything,
        (errorDescription, scopes, resourceMetadata) => {
          const challenge = bearerChallenge({ errorDescription, scopes, resourceMetadata })
          expect(challenge).toMatch(/^Bearer (?:[a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*"(?:, |$))+$/)
        },
      ),
    )
  })
})

describe('bodies', () => {
  const body = fc.oneof(
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
  )
  const refusal = [HttpError]

  test('no JSON-RPC body crashes the reader', () => {
    const headers = fc.dictionary(
      fc.constantFrom('mcp-protocol-version', 'mcp-method', 'mcp-name', 'origin'),
      fc.string(),
    )
    const message = fc.record({
      jsonrpc: fc.constantFrom('2.0', '1.0'),
      id: fc.oneof(fc.integer(), fc.string(), fc.jsonValue()),
      method: fc.oneof(fc.constantFrom('tools/call', 'initialize', '__proto__'), fc.string()),
      params: fc.jsonValue(),
    })
    const isRpcError = (error: unknown) => error instanceof Error && error.name === 'RpcError'
    const quietly = (run: () => unknown) => {
      try {
        run()
      } catch (error) {
        if (!isRpcError(error)) throw error
      }
    }
    fc.assert(fc.property(body, (bytes) => quietly(() => toMessage(readJson(bytes)))))
    fc.assert(
      fc.property(fc.oneof(message, fc.array(message)), headers, (value, fields) =>
        quietly(() => readInbound(value, fields)),
      ),
    )
  })

  test('no log record crashes the reader, in any format', () => {
    const record = fc.oneof(
      fc.jsonValue(),
      fc.record({
        log_id: fc.jsonValue(),
        data: fc.record({
          type: fc.constantFrom('sapi', 's'),
          description: fc.constantFrom('Dynamic client registration', 'x'),
          client_id: fc.jsonValue(),
          details: fc.jsonValue(),
        }),
      }),
    )
    const delivery = fc
      .array(record, { minLength: 1 })
      .chain((records) =>
        fc.constantFrom(
          JSON.stringify(records),
          records.map((one) => JSON.stringify(one)).join('\n'),
        ),
      )
    fc.assert(fc.property(body, (bytes) => throwsOnly(refusal, () => parseLogRecords(bytes))))
    fc.assert(
      fc.property(delivery, (text) =>
        throwsOnly(refusal, () => parseLogRecords(Buffer.from(text))),
      ),
    )
  })
})

describe('names', () => {
  test('only tools of the catalogue are found', () => {
    const catalogue = parseCatalogue({ TOOL_SCOPES_JSON: '{"listEvents":["a"]}' })
    const name = fc.oneof(
      fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'LISTEVENTS'),
      fc.string(),
    )
    fc.assert(
      fc.property(name, (given) => {
        expect(catalogue.has(given)).toBe(given === 'listEvents')
      }),
    )
  })

  test('no redirect URI of another host is covered', () => {
    const isCovered = createRedirectUriPolicy(CHATGPT_REDIRECT_URIS)
    const uri = fc.oneof(
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      fc.string().map((text) => `https://chatgpt.com${text}`),
      fc.string().map((text) => `${text}chatgpt.com/connector_platform_oauth_redirect`),
    )
    fc.assert(
      fc.property(uri, (given) => {
        if (!isCovered([given])) return
        expect(new URL(given).origin).toBe('https://chatgpt.com')
        expect(new URL(given).href).toBe(given)
      }),
    )
  })
})

test('no configuration crashes the start: it is refused by names, never by values', () => {
  const names = ['PUBLIC_URL', 'OAUTH_ISSUER', 'TOOLS', 'FUNCTIONS_BASE', 'GATEWAY_HMAC_SECRET']
  const value = fc.oneof(fc.string(), fc.webUrl(), fc.json())
  const env = fc.dictionary(fc.constantFrom(...names, 'APP_ORIGIN', 'BACKEND_TIMEOUT_MS'), value)
  fc.assert(
    fc.property(env, (given) => throwsOnly([ConfigError], () => parseGatewayConfig(given))),
    { numRuns: 150 },
  )
})

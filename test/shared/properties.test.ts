import { validateHeaderValue } from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseGatewayConfig } from '../../functions/gateway/config.ts'
import { RpcError, readMessageJson, toMessage } from '../../functions/gateway/mcp/json-rpc.ts'
import { readInbound } from '../../functions/gateway/mcp/revision.ts'
import { parseLogWebhookConfig } from '../../functions/log-webhook/config.ts'
import { parseLogRecords } from '../../functions/log-webhook/log-record.ts'
import { parseMetadataConfig } from '../../functions/metadata/config.ts'
import { parseRegistrationConfig } from '../../functions/registration/config.ts'
import { CHATGPT_REDIRECT_URIS, createRedirectUriPolicy } from '../../shared/auth0/redirect-uris.ts'
import { variables } from '../../shared/config/variables.ts'
import { ConfigError } from '../../shared/config.ts'
import { HttpError } from '../../shared/http/http-error.ts'
import {
  createAccessTokenVerifier,
  type VerifyAccessToken,
} from '../../shared/oauth/access-token.ts'
import { BearerError, bearerChallenge, bearerToken } from '../../shared/oauth/bearer.ts'
import { parseCatalogue } from '../../shared/tools.ts'
import {
  AUDIENCE,
  HEADER,
  ISSUER,
  keySet,
  NOW,
  signedByOthers,
  token,
  withClaims,
} from '../support/tokens/token.ts'

// The fixed seed makes a failure reproducible.
beforeAll(() => fc.configureGlobal({ seed: 20_261_123, numRuns: 200 }))
afterAll(() => fc.resetConfigureGlobal())

/** Texts of all code units, with many that could break a field, a line or a quoted string. */
const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom('"', '\\', '\r', '\n', '\t', '\0', ',', '=', ' ', 'é', '\u2028', '\ud800'),
    fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  ),
})

/** Calls `run` and ignores errors of the allowed classes. */
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

import { atOnce } from '../../shared/json/turns.ts'

describe('an access token', () => {
  let verify: VerifyAccessToken
  beforeAll(async () => {
    const jwks = await keySet()
    const expected = { issuer: ISSUER, audience: AUDIENCE, scopeSource: 'scope' } as const
    verify = createAccessTokenVerifier({ ...expected, jwks, now: () => NOW })
  })
  const refused = (accessToken: string) => expect(verify(accessToken)).rejects.toThrow(BearerError)

  test('is refused after a change of any character', async () => {
    const good = token()
    const character = fc.constantFrom(...'ABCxyz059-_=+/. \n')
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), character, async (at, other) => {
        fc.pre(good[at] !== other)
        await refused(`${good.slice(0, at)}${other}${good.slice(at + 1)}`)
      }),
    )
  })

  test('is refused after characters are removed or added', async () => {
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

  test('is refused with a part of another token', async () => {
    const claims = fc.record({ sub: fc.string({ minLength: 1 }), scope: fc.string() })
    await fc.assert(
      fc.asyncProperty(claims, fc.constantFrom(1, 2), async (changes, at) => {
        const good = token().split('.')
        const other = withClaims({ ...changes, jti: 'other' }).split('.')
        await refused(good.map((part, index) => (index === at ? other[index] : part)).join('.'))
      }),
      { numRuns: 60 },
    )
  })

  test('is refused with an invalid value of a checked claim', async () => {
    const checked = fc.constantFrom('iss', 'aud', 'exp', 'nbf', 'iat', 'sub', 'cnf')
    const isFine = (name: string, value: unknown) =>
      (name === 'sub' && typeof value === 'string' && value !== '' && value.isWellFormed()) ||
      (name === 'exp' && typeof value === 'number' && value > NOW) ||
      (/^(nbf|iat)$/.test(name) && typeof value === 'number' && value <= NOW + 5)
    await fc.assert(
      fc.asyncProperty(checked, fc.jsonValue(), async (name, value) => {
        const changed = withClaims({ [name]: value })
        if (isFine(name, value)) await verify(changed)
        else await refused(changed)
      }),
      { numRuns: 150 },
    )
  })

  test('is refused with the signature of another key for any header parameters', async () => {
    const name = fc.oneof(
      fc.constantFrom('alg', 'typ', 'kid', 'jwk', 'jku', 'x5c', 'x5u', 'crit', 'b64', '__proto__'),
      fc.string(),
    )
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, fc.jsonValue()), async (parameters) => {
        await refused(signedByOthers({ header: { ...HEADER, ...parameters } }))
      }),
      { numRuns: 100 },
    )
  })

  test('is refused if it is arbitrary text', async () => {
    const part = fc.base64String()
    const dotted = fc.array(part, { maxLength: 6 }).map((parts) => parts.join('.'))
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), dotted), async (text) => {
        await refused(text)
      }),
    )
  })

  test('is refused if its payload is arbitrary signed JSON', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        await refused(token({ payload: JSON.stringify(value) }))
      }),
      { numRuns: 60 },
    )
  })
})

describe('a header field', () => {
  test('with arbitrary credentials causes no error other than BearerError', () => {
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

  test('with a challenge is one line of quoted strings for any text', () => {
    fc.assert(
      fc.property(
        anyText,
        fc.array(anyText),
        anyText,
        (errorDescription, scopes, resourceMetadata) => {
          const challenge = bearerChallenge({ errorDescription, scopes, resourceMetadata })
          validateHeaderValue('www-authenticate', challenge)
          expect(challenge).toMatch(/^Bearer (?:[a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*"(?:, |$))+$/)
        },
      ),
    )
  })
})

describe('a request body', () => {
  const body = fc.oneof(
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
  )
  const refusal = [HttpError]

  test('with arbitrary JSON-RPC causes no error other than RpcError', () => {
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
    fc.assert(
      fc.property(body, (bytes) =>
        throwsOnly([RpcError], () => toMessage(readMessageJson(bytes).value)),
      ),
    )
    fc.assert(
      fc.property(fc.oneof(message, fc.array(message)), headers, (value, fields) =>
        throwsOnly([RpcError], () => readInbound(value, fields)),
      ),
    )
  })

  test('with arbitrary log records causes no error other than HttpError', () => {
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
    fc.assert(
      fc.property(body, (bytes) => throwsOnly(refusal, () => atOnce(parseLogRecords(bytes)))),
    )
    fc.assert(
      fc.property(delivery, (text) =>
        throwsOnly(refusal, () => atOnce(parseLogRecords(Buffer.from(text)))),
      ),
    )
  })
})

describe('configuration text', () => {
  test('declares only the tools that the catalogue names', () => {
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

  test('with arbitrary tool names causes no error other than ConfigError', () => {
    const name = fc.oneof(
      fc.constantFrom('__proto__', 'constructor', 'toString', '*', '&a', '? :', '#', '10', '2'),
      anyText,
    )
    fc.assert(
      fc.property(fc.dictionary(name, fc.jsonValue(), { minKeys: 1 }), (tools) =>
        throwsOnly([ConfigError], () => {
          const catalogue = parseCatalogue({ TOOLS: JSON.stringify(tools) })
          for (const found of catalogue.keys()) expect(found).toMatch(/^[A-Za-z0-9_.-]{1,128}$/)
        }),
      ),
    )
  })

  test('that is arbitrary YAML causes no error other than ConfigError', () => {
    const yaml = fc.array(fc.constantFrom(...'a*&!|>?:-[]{},"\'# \n%@`~0'), { maxLength: 40 })
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          yaml.map((parts) => parts.join('')),
        ),
        (TOOLS) => throwsOnly([ConfigError], () => parseCatalogue({ TOOLS })),
      ),
    )
  })

  test('with arbitrary redirect URI patterns covers no URI with a query or a fragment', () => {
    const pattern = fc.oneof(
      fc.string(),
      fc.webUrl(),
      fc
        .array(fc.constantFrom(...'https://a.b:*?#{}()[]+\\'), { maxLength: 30 })
        .map((parts) => parts.join('')),
      fc.constant('*'),
    )
    const uri = fc.oneof(fc.string(), fc.webUrl({ withFragments: true, withQueryParameters: true }))
    fc.assert(
      fc.property(pattern, fc.array(uri), (given, uris) =>
        throwsOnly([ConfigError], () => {
          if (!createRedirectUriPolicy([given])(uris)) return
          expect(uris.length).toBeGreaterThan(0)
          for (const one of uris) expect(one).toMatch(/^[a-z][a-z0-9+.-]*:[^?#]*$/)
        }),
      ),
    )
  })

  test('with the patterns of ChatGPT covers no redirect URI of another host', () => {
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

test('an arbitrary environment is accepted or refused with an error that names variables, not values', () => {
  const parsers = [
    parseGatewayConfig,
    parseMetadataConfig,
    parseLogWebhookConfig,
    parseRegistrationConfig,
  ]
  const marked = fc.string().map((text) => `${text}hunter2${text}`)
  const value = fc.oneof(marked, fc.webUrl(), fc.json(), fc.stringMatching(/^[\d.,-]{0,12}$/))
  const env = fc.dictionary(fc.constantFrom(...Object.keys(variables)), value)
  fc.assert(
    fc.property(env, fc.constantFrom(...parsers), (given, parse) => {
      try {
        parse(given)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        // Errors contain the names of tools.
        const told = error.faults.filter((fault) => !/^TOOL\w*: tool /.test(fault))
        expect(told.join()).not.toContain('hunter2')
        for (const fault of error.faults)
          expect(Object.keys(variables)).toContain(fault.split(/[ :]/)[0])
      }
    }),
    { numRuns: 200 },
  )
})

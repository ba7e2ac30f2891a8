import { describe, expect, test } from 'vitest'
import { parseGatewayConfig } from '../../functions/gateway/config.ts'
import { readBackendAuth, secretVariables } from '../../shared/catalogue/backend-auth.ts'
import { readRequest } from '../../shared/catalogue/request.ts'
import { compileCatalogue } from '../../shared/compile-catalogue.ts'
import { parseCatalogue } from '../../shared/tools.ts'

const SIGNED_IN = { access: 'signed-in' } as const
const faultsOf = (auth: unknown, tool: Parameters<typeof readBackendAuth>[1] = SIGNED_IN) =>
  readBackendAuth(auth, tool).faults

const HEADER = { type: 'header', name: 'X-Api-Key', secret: 'CALENDAR_API_KEY' }
const CLIENT = {
  type: 'client_credentials',
  tokenUrl: 'https://login.example.com/token',
  clientId: 'gateway',
  clientSecret: 'CALENDAR_CLIENT_PASSWORD',
}
const OBO = { type: 'on_behalf_of', audience: 'https://calendar.example.com' }
const NOT_A_NAME =
  'must be the name of an environment variable such as CALENDAR_API_KEY, never the secret itself'
const NOT_OWN = 'must not be a variable that this system or the platform uses'
const NOT_HTTPS = 'must be an https URL without credentials or fragment (http only on loopback)'

describe('backendAuth', () => {
  test('gets its defaults', () => {
    expect(readBackendAuth(HEADER, SIGNED_IN).backendAuth).toEqual({ ...HEADER, prefix: '' })
    expect(readBackendAuth({ ...CLIENT, audience: null }, SIGNED_IN).backendAuth).toEqual({
      ...CLIENT,
      scopes: [],
      tokenEndpointAuthMethod: 'client_secret_basic',
    })
    expect(readBackendAuth({ ...OBO, scopes: ['b', 'a', 'b'] }, SIGNED_IN).backendAuth).toEqual({
      ...OBO,
      scopes: ['a', 'b'],
    })
    for (const type of ['assertion', 'google_id_token'] as const) {
      expect(readBackendAuth({ type }, SIGNED_IN)).toEqual({ backendAuth: { type }, faults: [] })
    }
  })

  test('is in a compiled catalogue, but not in one for other functions', () => {
    const TOOLS = JSON.stringify({ t: { scopes: [], backendAuth: CLIENT } })
    const read = (source: string) => parseCatalogue({ TOOLS: source }).get('t')?.backendAuth
    expect(read(compileCatalogue({ TOOLS }))).toEqual(read(TOOLS))
    expect(compileCatalogue({ TOOLS }, 'access')).not.toContain('CALENDAR')
    expect(secretVariables(parseCatalogue({ TOOLS }).values())).toEqual([CLIENT.clientSecret])
  })

  test.each([
    [
      'google',
      'backendAuth: must be a mapping with a type: assertion, google_id_token, header, client_credentials, on_behalf_of',
    ],
    [
      { type: 'obo' },
      `backendAuth.type: must be assertion, google_id_token, header, client_credentials, on_behalf_of`,
    ],
    [{ ...HEADER, secret: 'sk-1234' }, `backendAuth.secret: ${NOT_A_NAME}`],
    [{ ...HEADER, secret: 'GATEWAY_HMAC_SECRET' }, `backendAuth.secret: ${NOT_OWN}`],
    [{ ...HEADER, secret: 'OBO_CLIENT_SECRET' }, `backendAuth.secret: ${NOT_OWN}`],
    [{ ...HEADER, secret: 'GOOGLE_APPLICATION_CREDENTIALS' }, `backendAuth.secret: ${NOT_OWN}`],
    [{ ...HEADER, prefix: 'a\r\nb' }, 'backendAuth.prefix: must be printable ASCII on one line'],
    [
      { ...HEADER, name: 'X Key' },
      'backendAuth: header field "X Key": not a field name (RFC 9110 s5.1)',
    ],
    [
      { ...HEADER, name: 'Host' },
      'backendAuth: header field "Host" is set by the gateway or the connection: use another',
    ],
    [
      { ...HEADER, name: 'x-gateway-assertion' },
      'backendAuth: header field "x-gateway-assertion" is set by the gateway or the connection: use another',
    ],
    [{ ...HEADER, value: 'x' }, 'backendAuth: Unrecognized key: "value"'],
    [
      { ...CLIENT, tokenUrl: 'http://login.example.com/token' },
      `backendAuth.tokenUrl: ${NOT_HTTPS}`,
    ],
    [
      { ...CLIENT, tokenUrl: 'https://a:b@login.example.com/' },
      `backendAuth.tokenUrl: ${NOT_HTTPS}`,
    ],
    [
      { ...CLIENT, scopes: ['a b'] },
      'backendAuth.scopes.0: is not a scope-token (RFC 6749 s3.3). Write one scope per item, in ASCII without blanks, quotes or backslashes',
    ],
    [
      { type: 'on_behalf_of' },
      'backendAuth.audience: Invalid input: expected string, received undefined',
    ],
    [{ ...OBO, audience: 'a b' }, 'backendAuth.audience: must be printable ASCII without blanks'],
  ])('is invalid as %j', (auth, fault) => {
    expect(faultsOf(auth)).toEqual([fault])
  })

  test('can use Authorization, and http on loopback', () => {
    expect(faultsOf({ ...HEADER, name: 'Authorization', prefix: 'Bearer ' })).toEqual([])
    expect(faultsOf({ ...CLIENT, tokenUrl: 'http://127.0.0.1:9/token' })).toEqual([])
  })

  test('is invalid with a header field that request also sets', () => {
    const inputSchema = { type: 'object', properties: { key: {} } }
    const byParameter = {
      url: '/a',
      parameters: [{ name: 'x-api-key', in: 'header', argument: 'key' }],
    }
    const fault = 'backendAuth: header field "X-Api-Key" is in request too: keep one of them'
    for (const asked of [byParameter, { url: '/a', headers: { 'x-API-key': 'constant' } }]) {
      const { request } = readRequest(asked, inputSchema)
      expect(faultsOf(HEADER, { ...SIGNED_IN, request })).toEqual([fault])
    }
  })

  test.each(['public', 'optional'] as const)(
    'is invalid as on_behalf_of for a %s tool',
    (access) => {
      expect(faultsOf(OBO, { access })).toEqual([
        'backendAuth: on_behalf_of needs a caller who is signed in: give the tool scopes, or securitySchemes without noauth',
      ])
    },
  )
})

describe('the gateway at startup', () => {
  const VARIABLES = {
    PUBLIC_URL: 'https://mcp.test',
    OAUTH_ISSUER: 'https://acme.eu.auth0.com/',
    FUNCTIONS_BASE: 'https://backends.example.com',
    GATEWAY_HMAC_SECRET: 'an-hmac-secret-for-tests-only-0123456789',
  }
  const start = (tools: object, env: Readonly<Record<string, string>> = {}) =>
    parseGatewayConfig({ ...VARIABLES, TOOLS: JSON.stringify(tools), ...env })

  test('reports every missing variable with the tools that use it', () => {
    const tools = {
      a: { scopes: ['x'], backendAuth: HEADER },
      b: { scopes: ['x'], backendAuth: HEADER },
      c: { scopes: ['x'], backendAuth: OBO },
    }
    expect(() => start(tools)).toThrow(
      /CALENDAR_API_KEY is required: backendAuth of a, b names it\n.*OBO_CLIENT_ID is required for tools with backendAuth on_behalf_of.*\n.*OBO_CLIENT_SECRET is required/,
    )
  })

  test('does not reveal the value of an invalid variable', () => {
    const start = () =>
      parseGatewayConfig({
        ...VARIABLES,
        TOOLS: JSON.stringify({ a: { scopes: ['x'], backendAuth: HEADER } }),
        CALENDAR_API_KEY: 'line\nbreak',
      })
    expect(start).toThrow(/CALENDAR_API_KEY must be printable ASCII on one line/)
    expect(start).not.toThrow(/break/)
  })

  test('rejects an exchange for its own audience', () => {
    const env = { OBO_CLIENT_ID: 'rs', OBO_CLIENT_SECRET: 's'.repeat(32) }
    const tools = (audience: string) => ({
      a: { scopes: ['x'], backendAuth: { ...OBO, audience } },
    })
    expect(() => start(tools('https://mcp.test/mcp'), env)).toThrow(
      /must be the API of the backend/,
    )
    expect(start(tools('https://calendar.example.com'), env).backendSecrets.exchange).toEqual({
      clientId: 'rs',
      clientSecret: 's'.repeat(32),
    })
  })

  test('requires none of the variables without such tools', () => {
    const env = { ...VARIABLES, TOOLS: JSON.stringify({ a: { scopes: [] } }) }
    expect(parseGatewayConfig(env).backendSecrets).toEqual({ named: {}, exchange: undefined })
  })
})

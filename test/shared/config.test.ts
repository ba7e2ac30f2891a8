import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parseGatewayConfig } from '../../functions/gateway/config.ts'
import { parseLogWebhookConfig } from '../../functions/log-webhook/config.ts'
import { parseMetadataConfig } from '../../functions/metadata/config.ts'
import { parseRegistrationConfig } from '../../functions/registration/config.ts'
import { variables } from '../../shared/config/variables.ts'
import { ConfigError, collectFaults, type Environment, splitList } from '../../shared/config.ts'

const METADATA = fileURLToPath(new URL('../../functions/metadata/index.ts', import.meta.url))
const SECRET = 'k'.repeat(32)
const ENV = {
  PUBLIC_URL: 'https://mcp.example.com',
  OAUTH_ISSUER: 'https://tenant.eu.auth0.com/',
  TOOL_SCOPES_JSON: '{"listEvents":["events:read"]}',
  FUNCTIONS_BASE: 'https://backend.example.com',
  GATEWAY_HMAC_SECRET: SECRET,
  MGMT_DOMAIN: 'tenant.eu.auth0.com',
  MGMT_CLIENT_ID: 'management',
  MGMT_CLIENT_SECRET: SECRET,
  LOG_WEBHOOK_SECRET: SECRET,
  GOOGLE_CONNECTION_NAME: 'google-oauth2',
}
const PARSERS: readonly ((env: Environment) => unknown)[] = [
  parseGatewayConfig,
  parseMetadataConfig,
  parseLogWebhookConfig,
  parseRegistrationConfig,
]

/** The distinct faults of all functions with these changes to a valid environment. */
function faultsOf(changes: Environment): string[] {
  const env = { ...ENV, ...changes }
  const faults = PARSERS.flatMap((parse) => {
    try {
      parse(env)
      return []
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      return error.faults
    }
  })
  return [...new Set(faults)]
}

test('a valid environment configures every function', () => {
  expect(faultsOf({})).toEqual([])
})

describe('a valid configuration', () => {
  const gateway = (changes: Environment) => parseGatewayConfig({ ...ENV, ...changes })

  test.each([
    ['https://tenant.eu.auth0.com', 'https://tenant.eu.auth0.com/'],
    ['https://tenant.eu.auth0.com/', 'https://tenant.eu.auth0.com/'],
    ['https://login.example.com/realm/', 'https://login.example.com/realm/'],
    ['https://your-company.eu.auth0.com', 'https://your-company.eu.auth0.com/'],
    ['http://localhost:8081/', 'http://localhost:8081/'],
    [' https://tenant.eu.auth0.com ', 'https://tenant.eu.auth0.com/'],
    ['https://Tenant.EU.auth0.com', 'https://Tenant.EU.auth0.com/'],
    ['https://tenant.eu.auth0.com:443', 'https://tenant.eu.auth0.com:443/'],
    ['https://tenant.eu.auth0.com//', 'https://tenant.eu.auth0.com//'],
  ])('reads OAUTH_ISSUER %s as %s', (given, issuer) => {
    expect(gateway({ OAUTH_ISSUER: given }).OAUTH_ISSUER).toBe(issuer)
  })

  test.each([
    [undefined, 'https://mcp.example.com/mcp'],
    ['  ', 'https://mcp.example.com/mcp'],
    ['https://api.example.com', 'https://api.example.com'],
    ['urn:my-api', 'urn:my-api'],
  ])('reads OAUTH_AUDIENCE %j as the audience %s', (given, audience) => {
    expect(gateway({ OAUTH_AUDIENCE: given }).audience).toBe(audience)
  })

  test.each([
    ['https://mcp.example.com/', 'https://mcp.example.com'],
    ['https://mcp.example.com:8443', 'https://mcp.example.com:8443'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
  ])('reads PUBLIC_URL %s as %s', (given, origin) => {
    expect(gateway({ PUBLIC_URL: given }).PUBLIC_URL).toBe(origin)
  })

  test('has JWKS_URI at the issuer by default', () => {
    expect(gateway({}).jwksUri).toBe('https://tenant.eu.auth0.com/.well-known/jwks.json')
    expect(gateway({ JWKS_URI: 'https://keys.example/x' }).jwksUri).toBe('https://keys.example/x')
  })

  test('keeps the path of FUNCTIONS_BASE and removes its trailing slash', () => {
    const { FUNCTIONS_BASE } = gateway({ FUNCTIONS_BASE: 'https://backend.example.com/api/' })
    expect(FUNCTIONS_BASE).toBe('https://backend.example.com/api')
  })

  test.each([
    ['BACKEND_TIMEOUT_MS', '1', 1],
    ['BACKEND_TIMEOUT_MS', '600000', 600_000],
    ['RATE_LIMIT_PER_MINUTE', '1000000', 1_000_000],
    ['REDIS_URL', 'rediss://user:password@redis.example:6380/1', undefined],
    ['BACKEND_AUTH', 'google', 'google'],
    ['SCOPE_SOURCE', 'scope-or-permissions', 'scope-or-permissions'],
    ['AUTH_CHALLENGE', 'tool-result', 'tool-result'],
    ['AUTH_CHALLENGE', 'http', 'http'],
    ['APP_ORIGIN', 'https://a.example, http://localhost:3000,*', undefined],
    ['PUBLIC_URL', 'https://mcp.know-your-customer.example', undefined],
    ['PUBLIC_URL', 'https://mcp.exchangemedia.example', undefined],
    ['FUNCTIONS_BASE', 'https://europe-west1-find-your-doctor.cloudfunctions.net', undefined],
    ['LOG_LEVEL', 'debug', 'debug'],
    ['FUNCTIONS_BASE', 'http://127.0.0.1:8081', 'http://127.0.0.1:8081'],
    ['GATEWAY_HMAC_SECRET', SECRET, [SECRET]],
  ] as const)('can have %s=%s', (name, given, value) => {
    const expected =
      name === 'APP_ORIGIN' ? ['https://a.example', 'http://localhost:3000', '*'] : (value ?? given)
    expect(gateway({ [name]: given })[name]).toEqual(expected)
  })

  test('can separate scopes by blanks and commas', () => {
    const { OAUTH_SCOPES } = parseMetadataConfig({ ...ENV, OAUTH_SCOPES: 'openid, profile  email' })
    expect(OAUTH_SCOPES).toEqual(['openid', 'profile', 'email'])
  })

  test('can name several connections', () => {
    const env = { ...ENV, GOOGLE_CONNECTION_NAME: 'google-oauth2, github,' }
    expect(parseLogWebhookConfig(env).GOOGLE_CONNECTION_NAME).toEqual(['google-oauth2', 'github'])
  })

  test('has the MCP endpoint of PUBLIC_URL as the default audience of every function', () => {
    const audiences = [parseGatewayConfig, parseMetadataConfig, parseLogWebhookConfig].map(
      (parse) => parse(ENV).audience,
    )
    expect(new Set(audiences)).toEqual(new Set(['https://mcp.example.com/mcp']))
  })

  test('can name a catalogue file in TOOLS_FILE', () => {
    const file = `${mkdtempSync(join(tmpdir(), 'tools-'))}/tools.yaml`
    writeFileSync(file, 'listEvents:\n  scopes: [events:read]\n')
    const { catalogue } = gateway({ TOOL_SCOPES_JSON: undefined, TOOLS_FILE: file })
    rmSync(dirname(file), { recursive: true })
    expect(catalogue.get('listEvents')?.scopes).toEqual(['events:read'])
  })

  test('can have two values for a secret, newest first', () => {
    const both = `${'n'.repeat(32)}, ${SECRET}`
    expect(gateway({ GATEWAY_HMAC_SECRET: both }).GATEWAY_HMAC_SECRET).toEqual([
      'n'.repeat(32),
      SECRET,
    ])
  })

  test('has defaults', () => {
    expect(gateway({})).toMatchObject({
      BACKEND_AUTH: 'none',
      BACKEND_TIMEOUT_MS: 50_000,
      SCOPE_SOURCE: 'scope',
      AUTH_CHALLENGE: 'auto',
      APP_ORIGIN: [],
      LOG_LEVEL: 'info',
    })
    expect(parseLogWebhookConfig(ENV)).toMatchObject({ DCR_POLICY: 'admit' })
    expect(parseMetadataConfig(ENV)).toMatchObject({ AUTH_SERVER_METADATA: 'issuer' })
  })

  test('contains only the variables of its function', () => {
    expect(parseMetadataConfig(ENV)).not.toHaveProperty('GATEWAY_HMAC_SECRET')
    expect(gateway({})).not.toHaveProperty('LOG_WEBHOOK_SECRET')
    expect(parseLogWebhookConfig(ENV)).not.toHaveProperty('GATEWAY_HMAC_SECRET')
  })
})

test.concurrent.each([
  ['https://mcp.example.com/mcp', false],
  ['https://mcp.example.com', false],
  ['https://mcp.example.com.evil.example/mcp', true],
  ['https://api.example.com/mcp', true],
  ['urn:my-api', true],
])('the audience %s causes a warning about PUBLIC_URL: %s', async (audience, isElsewhere) => {
  // Loads the function, which ends immediately because nothing serves it.
  const env = { ...ENV, OAUTH_AUDIENCE: audience }
  const { stdout } = await promisify(execFile)(process.execPath, [METADATA], { env })
  const warnings = stdout.split('\n').filter((line) => line !== '')
  expect(warnings.map((line) => JSON.parse(line))).toMatchObject(
    isElsewhere
      ? [{ severity: 'WARNING', message: 'audience_not_under_public_url', audience }]
      : [],
  )
})

const NOT_A_URL = 'must be an https URL without credentials or fragment (http only on loopback)'
const NO_SCHEME = 'lacks the scheme: it must begin with https:// (or http:// on loopback)'
const NOT_AN_ORIGIN = 'must be an origin, without path or query'
const PLACEHOLDER = 'is still a placeholder'
const EMPTY_SECRET = 'must not have an empty secret: remove the extra comma'
const NO_SLASH = 'must end in a slash if it has a path, as the issuer of Auth0 does'
const TOO_SHORT = 'must have at least 32 characters'
const NOT_ORIGINS = 'must be origins such as https://app.example.com, or *'
const NOT_A_HOST = 'must be a host name, without https:// or path'
const NOT_A_NUMBER = 'must be a whole number of milliseconds'
const TOOLS_JSON = '{"listEvents":{"scopes":["events:read"]}}'

describe('an invalid configuration', () => {
  test.each([
    ['PUBLIC_URL', 'http://mcp.example.com', NOT_A_URL],
    ['PUBLIC_URL', 'http://localhost.evil.example', NOT_A_URL],
    ['PUBLIC_URL', 'https://user@mcp.example.com', NOT_A_URL],
    ['PUBLIC_URL', 'https://:password@mcp.example.com', NOT_A_URL],
    ['PUBLIC_URL', 'https://mcp.example.com/#top', NOT_A_URL],
    ['PUBLIC_URL', 'javascript:alert(1)', NOT_A_URL, NOT_AN_ORIGIN],
    ['PUBLIC_URL', 'mcp.example.com', NOT_A_URL],
    ['PUBLIC_URL', 'localhost:8080', NO_SCHEME],
    ['PUBLIC_URL', 'mcp.example.com:443/mcp?a=b', NO_SCHEME],
    ['OAUTH_ISSUER', 'localhost:8081/realms/acme?a=b', NO_SCHEME],
    ['FUNCTIONS_BASE', 'localhost:8082/?a=b', NO_SCHEME],
    ['JWKS_URI', 'localhost:8081', NO_SCHEME],
    ['PUBLIC_URL', 'https://mcp.example.com/mcp', NOT_AN_ORIGIN],
    ['PUBLIC_URL', 'https://mcp.example.com/?a=b', NOT_AN_ORIGIN],
    ['OAUTH_ISSUER', 'https://tenant.eu.auth0.com/?x=1', 'must not have a query'],
    ['OAUTH_ISSUER', 'https://:password@tenant.eu.auth0.com/', NOT_A_URL],
    ['OAUTH_ISSUER', 'http://tenant.eu.auth0.com/', NOT_A_URL],
    ['OAUTH_ISSUER', 'tenant.eu.auth0.com', NOT_A_URL],
    ['OAUTH_ISSUER', 'https://YOUR_TENANT.us.auth0.com/', PLACEHOLDER],
    ['OAUTH_ISSUER', 'https://login.example.com/realms/acme', NO_SLASH],
    ['OAUTH_ISSUER', 'https://acme.okta.com/oauth2/default', NO_SLASH],
    ['OAUTH_AUDIENCE', 'my api', 'must be printable ASCII without blanks'],
    ['OAUTH_AUDIENCE', 'https://bücher.example', 'must be printable ASCII without blanks'],
    ['OAUTH_SCOPES', 'a "b"', 'must be scope tokens'],
    ['OAUTH_SCOPES', 'läse', 'must be scope tokens'],
    ['JWKS_URI', 'file:///etc/passwd', NOT_A_URL],
    ['JWKS_URI', 'http://169.254.169.254/keys', NOT_A_URL],
    ['FUNCTIONS_BASE', 'https://backend.example.com/?a=b', 'must not have a query'],
    ['FUNCTIONS_BASE', 'http://127.0.0.2:8080', NOT_A_URL],
    ['FUNCTIONS_BASE', 'https://<region>-<project>.cloudfunctions.net', NOT_A_URL],
    ['GATEWAY_HMAC_SECRET', 'k'.repeat(31), TOO_SHORT],
    ['GATEWAY_HMAC_SECRET', 'replace-with-random', PLACEHOLDER, TOO_SHORT],
    ['GATEWAY_HMAC_SECRET', `${SECRET},short-and-old`, TOO_SHORT],
    ['GATEWAY_HMAC_SECRET', ',', 'must not be empty'],
    [
      'GATEWAY_HMAC_SECRET',
      `${SECRET},${SECRET},${SECRET}`,
      'takes two secrets at most, newest first',
    ],
    ['GATEWAY_HMAC_SECRET', `${SECRET},`, EMPTY_SECRET],
    ['GATEWAY_HMAC_SECRET', `${SECRET}, ,${SECRET}`, EMPTY_SECRET],
    ['LOG_WEBHOOK_SECRET', `,${SECRET}`, EMPTY_SECRET],
    ['LOG_WEBHOOK_SECRET', 'replace-with-random', PLACEHOLDER, TOO_SHORT],
    ['LOG_WEBHOOK_SECRET', 'k'.repeat(31), TOO_SHORT],
    ['MGMT_CLIENT_SECRET', 'replace-with-client-secret', PLACEHOLDER, TOO_SHORT],
    ['MGMT_CLIENT_ID', 'replace-with-client-id', PLACEHOLDER],
    ['MGMT_DOMAIN', 'https://tenant.auth0.com/', NOT_A_HOST],
    ['MGMT_DOMAIN', 'tenant.auth0.com/api', NOT_A_HOST],
    ['MGMT_DOMAIN', 'YOUR_TENANT.us.auth0.com', PLACEHOLDER, NOT_A_HOST],
    ['GOOGLE_CONNECTION_NAME', ' , ', 'must not be empty'],
    ['BACKEND_AUTH', 'aws', 'must be none or google'],
    ['BACKEND_TIMEOUT_MS', '0', 'must be at least 1'],
    ['BACKEND_TIMEOUT_MS', '600001', 'must be at most 600000'],
    ['BACKEND_TIMEOUT_MS', '10s', NOT_A_NUMBER],
    ['BACKEND_TIMEOUT_MS', '1e3', NOT_A_NUMBER],
    ['BACKEND_TIMEOUT_MS', '0x10', NOT_A_NUMBER],
    ['BACKEND_TIMEOUT_MS', '-1', NOT_A_NUMBER],
    ['BACKEND_TIMEOUT_MS', '9'.repeat(400), NOT_A_NUMBER],
    ['SCOPE_SOURCE', 'permissions', 'must be scope or scope-or-permissions'],
    ['AUTH_CHALLENGE', 'HTTP', 'must be auto, http or tool-result'],
    ['AUTH_SERVER_METADATA', 'auto', 'must be issuer or curated'],
    ['RATE_LIMIT_PER_MINUTE', '0', 'must be at least 1'],
    ['RATE_LIMIT_PER_MINUTE', '1000001', 'must be at most 1000000'],
    ['RATE_LIMIT_PER_MINUTE', '1.5', 'must be a whole number of calls'],
    ['REDIS_URL', 'http://localhost', 'must be a redis:// or rediss:// URL'],
    ['REDIS_URL', 'localhost:6379', 'must be a redis:// or rediss:// URL'],
    ['APP_ORIGIN', 'https://app.example.com/', NOT_ORIGINS],
    ['APP_ORIGIN', 'https://*.example.com', NOT_ORIGINS],
    ['APP_ORIGIN', '*,other.example.com', NOT_ORIGINS],
    ['APP_ORIGIN', 'null', NOT_ORIGINS],
    ['APP_ORIGIN', 'chrome-extension://', NOT_ORIGINS],
    ['APP_ORIGIN', 'chrome-extension://abc/popup.html', NOT_ORIGINS],
    ['APP_ORIGIN', 'moz-extension://*', NOT_ORIGINS],
    ['APP_ORIGIN', 'file://x', NOT_ORIGINS],
    ['APP_ORIGIN', 'javascript://x', NOT_ORIGINS],
    ['APP_ORIGIN', ',', 'must not be empty'],
    ['DCR_POLICY', 'delete', 'must be admit, observe or enforce'],
    ['CLIENT_REDIRECT_URIS', ',', 'must not be empty'],
    ['LOG_LEVEL', 'verbose', 'must be debug, info, warning or error'],
  ])('is refused for %s=%s', (name, value, ...faults) => {
    expect(faultsOf({ [name]: value })).toEqual(faults.map((fault) => `${name} ${fault}`))
  })

  test.each<[Environment, string]>([
    [
      { CLIENT_REDIRECT_URIS: 'https://a.example/cb,https://a.example/([' },
      'CLIENT_REDIRECT_URIS: pattern 2 is not a URLPattern',
    ],
    [
      { PUBLIC_URL: 'ftp://x', OAUTH_AUDIENCE: 'https://api.example.com' },
      `PUBLIC_URL ${NOT_A_URL}`,
    ],
    [
      { TOOLS: TOOLS_JSON },
      'TOOLS and TOOL_SCOPES_JSON are mutually exclusive: remove all but one',
    ],
    [
      { TOOLS_FILE: 'tools.yaml' },
      'TOOLS_FILE and TOOL_SCOPES_JSON are mutually exclusive: remove all but one',
    ],
    [
      { TOOLS: TOOLS_JSON, TOOLS_FILE: 'tools.yaml' },
      'TOOLS and TOOLS_FILE and TOOL_SCOPES_JSON are mutually exclusive: remove all but one',
    ],
    [{ TOOL_SCOPES_JSON: ' ' }, 'TOOLS is required (or TOOLS_FILE, or TOOL_SCOPES_JSON)'],
    [
      { TOOL_SCOPES_JSON: undefined, TOOLS_FILE: '/nowhere/tools.yaml' },
      'TOOLS_FILE names a file that cannot be read',
    ],
    [
      { TOOL_SCOPES_JSON: undefined, TOOLS_FILE: import.meta.dirname },
      'TOOLS_FILE names a file that cannot be read',
    ],
    [{ TOOL_SCOPES_JSON: '[]' }, 'TOOL_SCOPES_JSON must be a mapping of tool name to tool'],
    [
      { TOOL_SCOPES_JSON: '{"a": ["b c"]}' },
      'TOOL_SCOPES_JSON: tool "a": scopes.0: is not a scope-token (RFC 6749 s3.3). Write one scope per item, in ASCII without blanks, quotes or backslashes',
    ],
    [
      { TOOL_SCOPES_JSON: '{"a/b": []}' },
      'TOOL_SCOPES_JSON: tool "a/b": name must be 1 to 128 of A-Z a-z 0-9 _ - .',
    ],
  ])('is refused for %j', (changes, fault) => {
    expect(faultsOf(changes)).toEqual([fault])
  })

  test.each(Object.keys(ENV).filter((name) => name !== 'TOOL_SCOPES_JSON'))(
    'is refused without %s',
    (name) => {
      expect(faultsOf({ [name]: undefined })).toContain(`${name} is required`)
    },
  )

  test('is refused for an admission without OAUTH_AUDIENCE and PUBLIC_URL', () => {
    const admission = () => parseLogWebhookConfig({ ...ENV, PUBLIC_URL: undefined })
    expect(admission).toThrow(
      'OAUTH_AUDIENCE is required (or PUBLIC_URL, which its default is derived from)',
    )
  })

  test('is reported with all faults in one message', () => {
    const env = { PUBLIC_URL: 'ftp://hunter2', GATEWAY_HMAC_SECRET: 'hunter2', TOOLS: 'hunter2' }
    expect(() => parseGatewayConfig(env)).toThrow(
      new ConfigError([
        `PUBLIC_URL ${NOT_A_URL}`,
        'OAUTH_ISSUER is required',
        'FUNCTIONS_BASE is required',
        `GATEWAY_HMAC_SECRET ${TOO_SHORT}`,
        'TOOLS must be a mapping of tool name to tool',
      ]),
    )
  })

  test('is reported with one line for each fault', () => {
    expect(new ConfigError(['A is required', 'B is required']).message).toBe(
      'Configuration refused:\n  A is required\n  B is required',
    )
  })

  // Every variable with a rule other than the placeholder rule refuses this value.
  const marked = 'hunter2"\'<>{}[ \u0000é'
  test.each(Object.keys(variables))('is reported without the value of %s', (name) => {
    expect(faultsOf({ TOOL_SCOPES_JSON: undefined, [name]: marked }).join()).not.toContain(
      'hunter2',
    )
  })
})

test('collectFaults reports all faults, or returns the values if there is none', () => {
  const fails = (fault: string) => () => {
    throw new ConfigError([fault])
  }
  expect(collectFaults([() => 1, () => 'a'])).toEqual([1, 'a'])
  expect(() => collectFaults([fails('one'), () => 1, fails('two'), fails('one')])).toThrow(
    new ConfigError(['one', 'two']),
  )
})

test('splitList removes blanks and empty items', () => {
  expect(splitList(' a, b ,,c,')).toEqual(['a', 'b', 'c'])
})

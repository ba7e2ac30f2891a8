import { describe, expect, test } from 'vitest'
import { parseGatewayConfig } from '../../functions/gateway/config.ts'
import { parseLogWebhookConfig } from '../../functions/log-webhook/config.ts'
import { parseMetadataConfig } from '../../functions/metadata/config.ts'
import { parseRegistrationConfig } from '../../functions/registration/config.ts'
import { ConfigError, collectFaults, type Environment, splitList } from '../../shared/config.ts'

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

/** The faults of all functions with these variables in place of the good ones, each once. */
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

test('a good environment configures every function', () => {
  expect(faultsOf({})).toEqual([])
})

describe('what is accepted', () => {
  const gateway = (changes: Environment) => parseGatewayConfig({ ...ENV, ...changes })

  test.each([
    ['https://tenant.eu.auth0.com', 'https://tenant.eu.auth0.com/'],
    ['https://tenant.eu.auth0.com/', 'https://tenant.eu.auth0.com/'],
    ['https://login.example.com/realm', 'https://login.example.com/realm'],
    ['http://localhost:8081/', 'http://localhost:8081/'],
  ])('OAUTH_ISSUER %s is %s', (given, issuer) => {
    expect(gateway({ OAUTH_ISSUER: given }).OAUTH_ISSUER).toBe(issuer)
  })

  test.each([
    [undefined, 'https://mcp.example.com/mcp'],
    ['  ', 'https://mcp.example.com/mcp'],
    ['https://api.example.com', 'https://api.example.com'],
    ['urn:my-api', 'urn:my-api'],
  ])('OAUTH_AUDIENCE %j is %s', (given, audience) => {
    expect(gateway({ OAUTH_AUDIENCE: given }).audience).toBe(audience)
  })

  test.each([
    ['https://mcp.example.com/', 'https://mcp.example.com'],
    ['https://mcp.example.com:8443', 'https://mcp.example.com:8443'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
  ])('PUBLIC_URL %s is %s', (given, origin) => {
    expect(gateway({ PUBLIC_URL: given }).PUBLIC_URL).toBe(origin)
  })

  test('JWKS_URI is at the issuer unless it is set', () => {
    expect(gateway({}).jwksUri).toBe('https://tenant.eu.auth0.com/.well-known/jwks.json')
    expect(gateway({ JWKS_URI: 'https://keys.example/x' }).jwksUri).toBe('https://keys.example/x')
  })

  test('FUNCTIONS_BASE may have a path, and loses its last slash', () => {
    const { FUNCTIONS_BASE } = gateway({ FUNCTIONS_BASE: 'https://backend.example.com/api/' })
    expect(FUNCTIONS_BASE).toBe('https://backend.example.com/api')
  })

  test('a secret may have two values, newest first', () => {
    const both = `${'n'.repeat(32)}, ${SECRET}`
    expect(gateway({ GATEWAY_HMAC_SECRET: both }).GATEWAY_HMAC_SECRET).toEqual([
      'n'.repeat(32),
      SECRET,
    ])
  })

  test('what is not set has its default', () => {
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

  test('each function sees its own variables and no others', () => {
    expect(parseMetadataConfig(ENV)).not.toHaveProperty('GATEWAY_HMAC_SECRET')
    expect(gateway({})).not.toHaveProperty('LOG_WEBHOOK_SECRET')
    expect(parseLogWebhookConfig(ENV)).not.toHaveProperty('GATEWAY_HMAC_SECRET')
  })
})

describe('what is refused', () => {
  test.each([
    ['PUBLIC_URL', 'http://mcp.example.com', 'must be an https URL'],
    ['PUBLIC_URL', 'https://mcp.example.com/mcp', 'must be an origin'],
    ['PUBLIC_URL', 'https://user@mcp.example.com', 'must be an https URL'],
    ['PUBLIC_URL', 'mcp.example.com', 'must be an https URL'],
    ['PUBLIC_URL', 'https://YOUR_DOMAIN', 'is still a placeholder'],
    ['OAUTH_ISSUER', 'https://tenant.eu.auth0.com/?x=1', 'must not have a query'],
    ['OAUTH_ISSUER', 'http://tenant.eu.auth0.com/', 'must be an https URL'],
    ['OAUTH_ISSUER', 'https://YOUR_TENANT.auth0.com/', 'is still a placeholder'],
    ['OAUTH_AUDIENCE', 'my api', 'must be printable ASCII without blanks'],
    ['OAUTH_SCOPES', 'a "b"', 'must be scope tokens'],
    ['JWKS_URI', 'file:///etc/passwd', 'must be an https URL'],
    ['FUNCTIONS_BASE', 'https://backend.example.com/?a=b', 'must not have a query'],
    ['GATEWAY_HMAC_SECRET', 'k'.repeat(31), 'must have at least 32 characters'],
    ['GATEWAY_HMAC_SECRET', 'replace-with-random-0123456789012345', 'is still a placeholder'],
    ['GATEWAY_HMAC_SECRET', `${SECRET},short`, 'must have at least 32 characters'],
    ['LOG_WEBHOOK_SECRET', 'short', 'must have at least 32 characters'],
    ['MGMT_CLIENT_SECRET', '...', 'is still a placeholder'],
    ['BACKEND_AUTH', 'aws', 'must be none or google'],
    ['BACKEND_TIMEOUT_MS', '0', 'must be at least 1'],
    ['BACKEND_TIMEOUT_MS', '10s', 'must be a whole number of milliseconds'],
    ['BACKEND_TIMEOUT_MS', '600001', 'must be at most 600000'],
    ['SCOPE_SOURCE', 'permissions', 'must be scope or scope-or-permissions'],
    ['AUTH_CHALLENGE', 'HTTP', 'must be auto, http or tool-result'],
    ['AUTH_SERVER_METADATA', 'auto', 'must be issuer or curated'],
    ['RATE_LIMIT_PER_MINUTE', '1.5', 'must be a whole number of calls'],
    ['REDIS_URL', 'http://localhost', 'must be a redis:// or rediss:// URL'],
    ['APP_ORIGIN', 'https://app.example.com/', 'must be origins'],
    ['APP_ORIGIN', 'other.example.com', 'must be origins'],
    ['DCR_POLICY', 'delete', 'must be admit, observe or enforce'],
    ['CLIENT_REDIRECT_URIS', 'https://a.example/([', 'pattern 1 is not a URLPattern'],
    ['MGMT_DOMAIN', 'https://tenant.auth0.com/', 'MGMT_DOMAIN'],
    ['LOG_LEVEL', 'verbose', 'must be debug, info, warning or error'],
    ['TOOL_SCOPES_JSON', '[]', 'must be a mapping'],
    ['TOOL_SCOPES_JSON', '{"a": ["b c"]}', 'is not a scope-token'],
    ['TOOL_SCOPES_JSON', '{"a/b": []}', 'name must be 1 to 128 of'],
    ['TOOLS', '{"a": {"scopes": []}}', 'exclude each other'],
  ])('%s=%s', (name, value, fault) => {
    const faults = faultsOf({ [name]: value })
    expect(faults.join('\n')).toContain(name)
    expect(faults.join('\n')).toContain(fault)
    if (value.length > 8 && !fault.includes(value)) expect(faults.join('\n')).not.toContain(value)
  })

  test.each(Object.keys(ENV).filter((name) => name !== 'TOOL_SCOPES_JSON'))('no %s', (name) => {
    expect(faultsOf({ [name]: undefined })).toContain(`${name} is required`)
  })

  test('all faults of a function are told at once', () => {
    expect(() => parseGatewayConfig({})).toThrow(
      /PUBLIC_URL is required[\s\S]*OAUTH_ISSUER[\s\S]*FUNCTIONS_BASE[\s\S]*GATEWAY_HMAC_SECRET[\s\S]*TOOLS is required/,
    )
  })
})

test('checks that fail are all told, the others give their values', () => {
  const fails = (fault: string) => () => {
    throw new ConfigError([fault])
  }
  expect(collectFaults([() => 1, () => 'a'])).toEqual([1, 'a'])
  expect(() => collectFaults([fails('one'), () => 1, fails('two')])).toThrow(/one[\s\S]*two/)
})

test('a list loses its blanks', () => {
  expect(splitList(' a, b ,,c,')).toEqual(['a', 'b', 'c'])
})

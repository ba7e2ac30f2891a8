import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { functionNames } from '../../deploy/build/functions.ts'
import { FUNCTION_CONFIGS, functionConfig } from '../../deploy/function-configs.ts'
import { localEnvironment, localPorts, withSecrets } from '../../deploy/local/environment.ts'
import { parseGatewayConfig } from '../../functions/gateway/config.ts'
import { parseLogWebhookConfig } from '../../functions/log-webhook/config.ts'
import { parseMetadataConfig } from '../../functions/metadata/config.ts'
import { parseRegistrationConfig } from '../../functions/registration/config.ts'
import { createRedirectUriPolicy } from '../../shared/auth0/redirect-uris.ts'
import { ConfigError } from '../../shared/config.ts'

const PLACES = { port: 8080, tenantPort: 8081, toolsPort: 8082 }
const SECRETS = ['GATEWAY_HMAC_SECRET', 'MGMT_CLIENT_SECRET', 'LOG_WEBHOOK_SECRET'] as const
const variablesOf = (env: Record<string, string | undefined>) =>
  localEnvironment(env, PLACES).variables

test('the local defaults describe one system on this machine', () => {
  expect(variablesOf({})).toMatchObject({
    PUBLIC_URL: 'http://localhost:8080',
    OAUTH_ISSUER: 'http://localhost:8081/',
    OAUTH_AUDIENCE: 'http://localhost:8080/mcp',
    FUNCTIONS_BASE: 'http://127.0.0.1:8082',
    MGMT_DOMAIN: 'localhost:8081',
    MGMT_CLIENT_ID: 'management',
    GOOGLE_CONNECTION_NAME: 'google-oauth2',
  })
})

test('each function gets only the variables that it uses', () => {
  const env = { ...withSecrets({}), LOG_LEVEL: 'debug', PATH: '/bin', OTHER: 'x' }
  const { functions } = localEnvironment(env, PLACES)

  expect(Object.keys(functions.metadata).sort()).toEqual([
    ...['LOG_LEVEL', 'OAUTH_AUDIENCE', 'OAUTH_ISSUER', 'PUBLIC_URL', 'TOOLS_FILE'],
  ])
  expect(Object.keys(functions.gateway).sort()).toEqual([
    ...['APP_ORIGIN', 'FUNCTIONS_BASE', 'GATEWAY_HMAC_SECRET', 'LOG_LEVEL', 'OAUTH_AUDIENCE'],
    ...['OAUTH_ISSUER', 'OBO_CLIENT_ID', 'OBO_CLIENT_SECRET', 'PUBLIC_URL', 'TOOLS_FILE'],
  ])
  expect(Object.keys(functions['log-webhook']).sort()).toEqual([
    ...['CLIENT_REDIRECT_URIS', 'GOOGLE_CONNECTION_NAME', 'LOG_LEVEL', 'LOG_WEBHOOK_SECRET'],
    ...['MGMT_CLIENT_ID', 'MGMT_CLIENT_SECRET', 'MGMT_DOMAIN', 'OAUTH_AUDIENCE', 'PUBLIC_URL'],
    ...['TOOLS_FILE'],
  ])
  expect(Object.keys(functions.registration).sort()).toEqual([
    ...['CLIENT_REDIRECT_URIS', 'GOOGLE_CONNECTION_NAME', 'LOG_LEVEL', 'MGMT_CLIENT_ID'],
    ...['MGMT_CLIENT_SECRET', 'MGMT_DOMAIN', 'OAUTH_AUDIENCE', 'OAUTH_ISSUER', 'PUBLIC_URL'],
    ...['TOOLS_FILE'],
  ])
})

test.each([
  ['log-webhook', parseLogWebhookConfig],
  ['registration', parseRegistrationConfig],
  ['gateway', parseGatewayConfig],
  ['metadata', parseMetadataConfig],
] as const)('%s gets every variable that its configuration reads', (name, parse) => {
  const asked = new Set<string>()
  const env = new Proxy({}, { get: (_, variable) => void asked.add(String(variable)) })
  expect(() => parse(env)).toThrow(ConfigError)
  const all = Object.fromEntries([...asked].map((variable) => [variable, 'set']))
  const given = Object.keys(localEnvironment(all, PLACES).functions[name])

  expect([...given].sort()).toEqual([...asked].sort())
})

test('FUNCTION_CONFIGS has a configuration for every function', () => {
  expect(Object.keys(FUNCTION_CONFIGS).sort()).toEqual(functionNames())
  expect(() => functionConfig('toString')).toThrow('toString')
})

test('a non-empty variable overrides the local default', () => {
  const set = {
    PUBLIC_URL: 'https://tunnel.example',
    OAUTH_ISSUER: 'https://tenant.eu.auth0.com/',
    GATEWAY_HMAC_SECRET: 'mine',
    DCR_POLICY: 'observe',
    MGMT_CLIENT_ID: ' ',
  }

  expect(variablesOf(withSecrets(set))).toMatchObject({
    ...set,
    OAUTH_AUDIENCE: 'https://tunnel.example/mcp',
    MGMT_CLIENT_ID: 'management',
  })
})

test('a trailing slash of PUBLIC_URL is removed', () => {
  expect(variablesOf({ PUBLIC_URL: 'https://tunnel.example/' })).toMatchObject({
    PUBLIC_URL: 'https://tunnel.example',
    OAUTH_AUDIENCE: 'https://tunnel.example/mcp',
  })
})

test.each([
  ['TOOLS', 'a: {scopes: []}'],
  ['TOOLS_FILE', 'mine.yaml'],
  ['TOOL_SCOPES_JSON', '{"a":[]}'],
])('the sample catalogue is not used if %s is set', (name, value) => {
  const { TOOLS, TOOLS_FILE, TOOL_SCOPES_JSON } = variablesOf({ [name]: value })

  expect([TOOLS, TOOLS_FILE, TOOL_SCOPES_JSON].filter((given) => given !== undefined)).toEqual([
    value,
  ])
})

test('the path of the sample catalogue can be read', () => {
  expect(readFileSync(variablesOf({})['TOOLS_FILE'] ?? '', 'utf8')).toContain('listEvents:')
})

test('missing secrets are set to 32 random bytes each', () => {
  const [one, two] = [withSecrets({}), withSecrets({})]
  const values = SECRETS.flatMap((name) => [one[name], two[name]])

  expect(new Set(values).size).toBe(6)
  for (const value of values) expect(value).toMatch(/^[0-9a-f]{64}$/)
})

test.each([
  ['https://chatgpt.com/connector_platform_oauth_redirect', true],
  ['https://chatgpt.com/connector/oauth/Ab-9_z', true],
  ['http://localhost:6274/oauth/callback', true],
  ['http://localhost/callback', true],
  ['http://127.0.0.1:53682/callback/Ab-9_z', true],
  ['http://[::1]:53682/callback/Ab-9_z', true],
  ['http://[::2]:53682/callback/Ab-9_z', false],
  ['https://chatgpt.com/connector/oauth/', false],
  ['https://chatgpt.com/connector/oauth/a/b', false],
  ['https://chatgpt.com.evil.example/connector/oauth/a', false],
  ['http://chatgpt.com/connector_platform_oauth_redirect', false],
  ['http://localhost.evil.example:80/', false],
])('the local CLIENT_REDIRECT_URIS admit %s: %s', (uri, admitted) => {
  const patterns = variablesOf({})['CLIENT_REDIRECT_URIS']?.split(',') ?? []

  expect(createRedirectUriPolicy(patterns)([uri])).toBe(admitted)
})

test.each([
  [{}, { port: 8080, tenantPort: 8081 }],
  [
    { PORT: '', TENANT_PORT: '' },
    { port: 8080, tenantPort: 8081 },
  ],
  [
    { PORT: '0', TENANT_PORT: '65535' },
    { port: 0, tenantPort: 65_535 },
  ],
])('localPorts reads from %o the ports %o', (env, expected) => {
  expect(localPorts(env)).toEqual(expected)
})

test('localPorts reports all invalid ports by name', () => {
  expect(() => localPorts({ PORT: '80a', TENANT_PORT: '65536' })).toThrow(
    new ConfigError([
      'PORT must be a port from 0 to 65535',
      'TENANT_PORT must be a port from 0 to 65535',
    ]),
  )
})

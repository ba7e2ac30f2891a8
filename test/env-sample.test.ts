import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { FUNCTION_VARIABLES } from '../deploy/docs/function-variables.ts'
import { FUNCTION_CONFIGS } from '../deploy/function-configs.ts'
import { gcpVariables } from '../deploy/gcp/settings.ts'
import { parseGatewayConfig } from '../functions/gateway/config.ts'
import { parseLogWebhookConfig } from '../functions/log-webhook/config.ts'
import { parseMetadataConfig } from '../functions/metadata/config.ts'
import { parseRegistrationConfig } from '../functions/registration/config.ts'
import { variables } from '../shared/config/variables.ts'
import { ConfigError, type Environment } from '../shared/config.ts'

const sample = readFileSync(new URL('../.env.yaml.sample', import.meta.url), 'utf8')
const named = [...sample.matchAll(/^(?:# )?([A-Z][A-Z0-9_]+):/gm)].map(([, name]) => name)

test('the sample names exactly the variables that the code reads', () => {
  expect([...new Set(named)].sort()).toEqual(Object.keys({ ...variables, ...gcpVariables }).sort())
  expect(new Set(named).size).toBe(named.length)
})

test('every value of the sample is a string, as gcloud --env-vars-file requires', () => {
  for (const value of Object.values(parse(sample) as object)) expect(value).toBeTypeOf('string')
})

test('the unchanged sample stops the start with an error for its placeholders', () => {
  const env = parse(sample) as Environment
  expect(() => parseGatewayConfig(env)).toThrow(/OAUTH_ISSUER.*\n.*FUNCTIONS_BASE.*\n.*HMAC/)
  expect(() => parseLogWebhookConfig(env)).toThrow(/MGMT_DOMAIN[\s\S]*LOG_WEBHOOK_SECRET/)
  expect(() => parseMetadataConfig(env)).toThrow(/OAUTH_ISSUER/)
  expect(() => parseRegistrationConfig(env)).toThrow(/MGMT_DOMAIN[\s\S]*OAUTH_ISSUER/)
})

test('every placeholder of the sample is refused', () => {
  const written = [...sample.matchAll(/"([^"]*(?:YOUR_|replace-with)[^"]*)"/g)].map(
    ([, value]) => value,
  )
  expect(new Set(written).size).toBeGreaterThan(5)
  for (const value of written) {
    const refused = Object.values(variables).some(
      (rule) => rule.safeParse(value).error?.issues[0]?.message === 'is still a placeholder',
    )
    expect([value, refused]).toEqual([value, true])
  }
})

const filledIn = () =>
  sample
    .replaceAll('YOUR_TENANT', 'acme')
    .replaceAll('YOUR_PROJECT', 'acme')
    .replaceAll(/replace-with-[a-z-]+/g, 'k'.repeat(32))

test.each(Object.entries(FUNCTION_VARIABLES).filter(([, { isRequired }]) => isRequired))(
  'the sample without %s is refused with the name of the variable',
  (name) => {
    const env: Environment = { ...parse(filledIn()), [name]: undefined }
    const faults = Object.values(FUNCTION_CONFIGS).flatMap((config) => {
      try {
        config.parse(env)
        return []
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        return error.faults
      }
    })
    expect(faults).toContainEqual(expect.stringMatching(`^${name} is required`))
  },
)

test('the sample with values for its placeholders configures every function', () => {
  const env = parse(filledIn()) as Environment
  expect(parseGatewayConfig(env).audience).toBe('https://mcp.example.com/mcp')
  expect(parseLogWebhookConfig(env).scopes).toEqual(['events:read'])
  expect(parseRegistrationConfig(env).scopes).toEqual(['events:read'])
  expect(parseMetadataConfig(env).catalogue.has('listEvents')).toBe(true)
})

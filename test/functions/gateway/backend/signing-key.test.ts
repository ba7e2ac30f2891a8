import { generateKeyPairSync } from 'node:crypto'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { parseGatewayConfig } from '../../../../functions/gateway/config.ts'
import { gatewayStack } from '../../../support/gateway/stack.ts'
import { HMAC_SECRET, type Served, TOOLS } from '../../../support/http/serve.ts'

const newPem = (type: 'ec' | 'ed25519') => {
  const { privateKey } =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('ed25519')
  return String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
}
const OLD = newPem('ec')
const NEW = newPem('ed25519')

const { backend, start } = await gatewayStack()

async function callAbout(gateway: Served) {
  const headers = { 'content-type': 'application/json' }
  const { status } = await gateway.send({ method: 'POST', path: '/tools/about', headers, body: {} })
  expect(status).toBe(200)
  return backend.calls[0]?.headers ?? {}
}

async function keySetOf(gateway: Served): Promise<JSONWebKeySet> {
  const answer = await gateway.send({ path: '/.well-known/jwks.json' })
  expect(answer.status).toBe(200)
  expect(answer.headers).toMatchObject({
    'content-type': 'application/json',
    'cache-control': 'public, max-age=300, s-maxage=300',
    'access-control-allow-origin': '*',
  })
  return answer.json() as JSONWebKeySet
}

test.each([
  ['ES256', OLD],
  ['EdDSA', NEW],
])('an assertion signed with %s verifies with the key set', async (alg, pem) => {
  const gateway = await start({ GATEWAY_SIGNING_KEY: pem, GATEWAY_HMAC_SECRET: '' })
  const headers = await callAbout(gateway)
  const { protectedHeader } = await jwtVerify(
    String(headers['x-gateway-assertion']),
    createLocalJWKSet(await keySetOf(gateway)),
    { algorithms: [alg], issuer: 'https://mcp.test', audience: `${backend.url}/about` },
  )
  expect(protectedHeader).toEqual({ alg, typ: 'JWT', kid: expect.any(String) })
  expect(headers).not.toHaveProperty('x-gateway-sig')
})

test('the first of two keys signs, and both are published', async () => {
  const gateway = await start({ GATEWAY_SIGNING_KEY: NEW + OLD })
  const { keys } = await keySetOf(gateway)
  expect(keys.map(({ alg }) => alg)).toEqual(['EdDSA', 'ES256'])
  expect(JSON.stringify(keys)).not.toContain('"d"')
  const { 'x-gateway-assertion': assertion } = await callAbout(gateway)
  await expect(
    jwtVerify(String(assertion), createLocalJWKSet({ keys: keys.slice(0, 1) })),
  ).resolves.toBeDefined()
})

test('the key set returns 404 without a signing key', async () => {
  const gateway = await start({})
  expect((await gateway.send({ path: '/.well-known/jwks.json' })).status).toBe(404)
})

test('a secret or a signing key is required, and an error does not contain an invalid key', () => {
  const env = {
    PUBLIC_URL: 'https://mcp.test',
    OAUTH_ISSUER: 'https://tenant.eu.auth0.com/',
    FUNCTIONS_BASE: 'https://backend.test',
    TOOLS: JSON.stringify(TOOLS),
  }
  const faultsOf = (extra: Readonly<Record<string, string>>) => {
    try {
      parseGatewayConfig({ ...env, ...extra })
      return []
    } catch (error) {
      return (error as { faults: string[] }).faults
    }
  }
  expect(faultsOf({})).toEqual(['GATEWAY_HMAC_SECRET is required'])
  expect(faultsOf({ GATEWAY_SIGNING_KEY: OLD })).toEqual([])
  expect(faultsOf({ GATEWAY_HMAC_SECRET: HMAC_SECRET })).toEqual([])
  const refused = [
    'GATEWAY_SIGNING_KEY must be one or two private keys, P-256 or Ed25519, as PEM or JWK',
  ]
  for (const bad of ['hunter2', OLD.slice(0, 60), NEW + OLD + NEW]) {
    expect(faultsOf({ GATEWAY_SIGNING_KEY: bad, GATEWAY_HMAC_SECRET: HMAC_SECRET })).toEqual(
      refused,
    )
  }
})

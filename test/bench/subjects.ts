import { generateKeyPairSync } from 'node:crypto'
import { cpSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { CATALOGUE_FILE, catalogueFor, writeCatalogue } from '../../deploy/build/catalogue.ts'
import { writeTools } from './catalogue.ts'
import type { Command } from './server-process.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const HERE = fileURLToPath(new URL('.', import.meta.url))
const FRAMEWORK = `${ROOT}node_modules/@google-cloud/functions-framework/build/src/main.js`
const SECRET = 'a-secret-of-the-benchmark-0123456789abcdef'
const AUDIENCE = 'https://mcp.test/mcp'

/** The URLs of the issuer and the backend. */
export interface Surroundings {
  readonly issuer: string
  readonly backend: string
}

const framework = (target: string, source: string, env: Command['env']): Command => ({
  args: [FRAMEWORK, `--target=${target}`, `--source=${source}`],
  cwd: ROOT,
  env,
})

/**
 * A copy of the built gateway in `dist/bench/<name>` that contains its catalogue, as `npm run deploy`
 * makes it.
 */
export function deployedGateway(name: string, surroundings: Surroundings, tools: string): Command {
  const directory = `${ROOT}dist/bench/${name}`
  rmSync(directory, { recursive: true, force: true })
  cpSync(`${ROOT}dist/gateway`, directory, { recursive: true })
  const catalogue = catalogueFor('gateway', { TOOLS: tools })
  if (catalogue !== undefined) writeCatalogue(directory, catalogue)
  const { TOOLS: _, ...env } = gateway(surroundings).env
  return framework('gateway', directory, { ...env, TOOLS_FILE: CATALOGUE_FILE })
}

/** The built gateway with its catalogue in TOOLS. */
export function gateway({ issuer, backend }: Surroundings, tools = writeTools(3)): Command {
  return framework('gateway', 'dist/gateway', {
    PUBLIC_URL: 'https://mcp.test',
    OAUTH_ISSUER: issuer,
    OAUTH_AUDIENCE: AUDIENCE,
    FUNCTIONS_BASE: backend,
    GATEWAY_HMAC_SECRET: SECRET,
    TOOLS: tools,
  })
}

/** The gateway that signs its assertion with a private key instead of the shared secret. */
export function signingGateway(surroundings: Surroundings, alg: 'ES256' | 'EdDSA'): Command {
  const { privateKey } =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('ed25519')
  const GATEWAY_SIGNING_KEY = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const { env, ...command } = gateway(surroundings)
  return { ...command, env: { ...env, GATEWAY_SIGNING_KEY } }
}

/** The built metadata function. */
export function metadata({ issuer }: Surroundings): Command {
  return framework('metadata', 'dist/metadata', {
    PUBLIC_URL: 'https://mcp.test',
    OAUTH_ISSUER: issuer,
    OAUTH_AUDIENCE: AUDIENCE,
    TOOLS: writeTools(3),
  })
}

/** The header fields of a delivery to `logWebhook`. */
export const deliveryHeaders = {
  authorization: `Bearer ${SECRET}`,
  'content-type': 'application/json',
} as const

/** The built log-webhook. */
export function logWebhook(): Command {
  return framework('log-webhook', 'dist/log-webhook', {
    OAUTH_AUDIENCE: AUDIENCE,
    TOOLS: writeTools(3),
    MGMT_DOMAIN: 'tenant.eu.auth0.com',
    MGMT_CLIENT_ID: 'bench',
    MGMT_CLIENT_SECRET: SECRET,
    LOG_WEBHOOK_SECRET: SECRET,
    GOOGLE_CONNECTION_NAME: 'google-oauth2',
  })
}

export const emptyFunction: Command = framework('empty', `${HERE}empty-function.mjs`, {})

export const backend: Command = { args: [`${HERE}backend.ts`], cwd: ROOT, env: {} }

/** JavaScript of a baseline, because a deployed service strips no types when it starts. */
function javaScript(name: string): string {
  const outfile = `${ROOT}dist/bench/${name}.js`
  buildSync({
    entryPoints: [`${HERE}${name}.ts`],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
  })
  return outfile
}

/** The proxy that uses Node and undici alone. */
export function rawProxy({ backend }: Surroundings): Command {
  return { args: [javaScript('raw-proxy')], cwd: ROOT, env: { FUNCTIONS_BASE: backend } }
}

/** The reference server that uses the official SDK. */
export function sdkReference(surroundings: Surroundings): Command {
  return {
    args: [javaScript('sdk-reference')],
    cwd: ROOT,
    env: {
      OAUTH_ISSUER: surroundings.issuer,
      OAUTH_AUDIENCE: AUDIENCE,
      FUNCTIONS_BASE: surroundings.backend,
      TOOLS: writeTools(3),
    },
  }
}

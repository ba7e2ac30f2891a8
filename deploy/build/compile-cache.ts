import { spawnSync } from 'node:child_process'

/** Directory, beside a built function, of what V8 has compiled for this place and version of Node. */
export const COMPILE_CACHE = 'compile-cache'
/** Makes that directory, where the function is installed. */
export const CACHE_MAKER = 'make-compile-cache.js'

/** Variables with which every function starts. What it reads at the start fails: nothing listens there. */
const EXAMPLE = {
  PUBLIC_URL: 'https://mcp.example.com',
  OAUTH_ISSUER: 'http://127.0.0.1:9/',
  FUNCTIONS_BASE: 'https://functions.example.com',
  GATEWAY_HMAC_SECRET: 'an-example-that-signs-nothing-at-all',
  LOG_WEBHOOK_SECRET: 'an-example-that-checks-nothing-at-all',
  MGMT_DOMAIN: 'tenant.example.com',
  MGMT_CLIENT_ID: 'example',
  MGMT_CLIENT_SECRET: 'an-example-that-opens-nothing-at-all',
  GOOGLE_CONNECTION_NAME: 'google-oauth2',
  AUTH_SERVER_METADATA: 'curated',
  LOG_LEVEL: 'error',
}
const EXAMPLE_TOOLS = 'tools: { example: { scopes: [], description: An example. } }'

/**
 * The entry point of a built function: it loads `main.js` with the compile cache, if there is one. V8
 * ignores what was compiled by another version or from other source.
 */
export const ENTRY_POINT = `import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

const cache = fileURLToPath(new URL('${COMPILE_CACHE}', import.meta.url))
if (existsSync(cache)) enableCompileCache(cache)
await import('./main.js')
`

/** The program that makes the compile cache; Google's buildpack runs it as `gcp-build`. */
export const CACHE_MAKER_SOURCE = `import { existsSync, rmSync } from 'node:fs'
import { enableCompileCache, flushCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

const cache = fileURLToPath(new URL('${COMPILE_CACHE}', import.meta.url))
rmSync(cache, { recursive: true, force: true })
enableCompileCache(cache)
const hasTools = existsSync(new URL('catalogue.json', import.meta.url))
const tools = hasTools ? {} : { TOOLS: ${JSON.stringify(EXAMPLE_TOOLS)} }
process.env = { ...process.env, ...${JSON.stringify(EXAMPLE)}, ...tools }
await import('./main.js')
flushCompileCache()
process.exit()
`

/** Makes the compile cache of a built function for this machine; without it the function works too. */
export function makeCompileCache(directory: string): void {
  const options = { cwd: directory, env: {}, stdio: 'ignore', timeout: 60_000 } as const
  spawnSync(process.execPath, [CACHE_MAKER], options)
}

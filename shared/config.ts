import './schema-messages.ts'

import * as z from 'zod/mini'
import { isReservedClaim } from './oauth/passed-claims.ts'
import { SCOPE_TOKEN } from './oauth/scope.ts'
import { readSigningKeys } from './oauth/signing-key.ts'

/** The environment as a composition root hands it over: the process's own or a literal in a test. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The start was refused. `message` lists every fault, one line per variable; a line never holds the
 * variable's value. Thrown only while a function or a command starts.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(`Configuration refused:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
    this.faults = faults
  }
}

/** The values of .env.yaml.sample that have to be replaced; real names may have the same words. */
const PLACEHOLDERS: ReadonlySet<string> = new Set([
  'https://YOUR_TENANT.us.auth0.com/',
  'https://YOUR_TENANT.us.auth0.com/.well-known/jwks.json',
  'https://us-central1-YOUR_PROJECT.cloudfunctions.net',
  'YOUR_TENANT.us.auth0.com',
  'replace-with-random',
  'replace-with-client-id',
  'replace-with-client-secret',
])
const MIN_SECRET_CHARACTERS = 32
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** True for the host names of this machine, the only ones that plain http is accepted for. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK_HOSTS.has(hostname)
}

function asUrl(value: string): URL | undefined {
  return URL.canParse(value) ? new URL(value) : undefined
}

function isSecure(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

function hasNoQuery(value: string): boolean {
  return !asUrl(value)?.search
}

const text = z
  .string()
  .check(z.refine((value) => !PLACEHOLDERS.has(value), 'is still a placeholder'))

const httpsUrl = text.check(
  z.refine((value) => {
    const url = asUrl(value)
    if (url === undefined || !isSecure(url)) return false
    return url.username === '' && url.password === '' && url.hash === ''
  }, 'must be an https URL without credentials or fragment (http only on loopback)'),
)

const redisUrl = text.check(
  z.refine(
    (value) => /^rediss?:$/.test(asUrl(value)?.protocol ?? ''),
    'must be a redis:// or rediss:// URL',
  ),
)

/** `https://host[:port]`, one trailing slash tolerated and dropped. */
const origin = z.pipe(
  httpsUrl.check(
    z.refine((value) => {
      const url = asUrl(value)
      return url === undefined || (url.pathname === '/' && url.search === '')
    }, 'must be an origin, without path or query'),
  ),
  z.transform((value) => new URL(value).origin),
)

/**
 * Auth0's issuer ends in a slash; a bare origin gets it, anything else is kept to the letter. All that
 * is asked of an issuer is at a path below it, which one with a path and no slash does not have.
 */
const issuer = z.pipe(
  httpsUrl.check(
    z.refine(hasNoQuery, 'must not have a query'),
    z.refine(
      (value) => asUrl(value)?.pathname.endsWith('/') ?? true,
      'must end in a slash when it has a path, as the issuer of Auth0 does',
    ),
  ),
  z.transform((value) => (/^https?:\/\/[^/?\\]+$/i.test(value) ? `${value}/` : value)),
)

const secret = text.check(
  // Somebody may have made the sample's value longer; a random secret does not begin like it.
  z.refine((value) => !/^replace-with-\w+-/.test(value), 'is still a placeholder'),
  z.refine(
    (value) => value.length >= MIN_SECRET_CHARACTERS,
    `must have at least ${MIN_SECRET_CHARACTERS} characters`,
  ),
)

/** One secret, or two while it is being changed: newest first. */
const secrets = z.pipe(
  z.pipe(
    z.string(),
    z.transform((value, context) => {
      const given = splitList(value)
      const isWhole = given.length === value.split(',').length
      if (given.length === 0) refuse(context, 'must not be empty')
      else if (given.length > 2) refuse(context, 'takes two secrets at most, newest first')
      // A backend that splits the same text might take the empty key.
      else if (!isWhole) refuse(context, 'must not have an empty secret: remove the extra comma')
      return given
    }),
  ),
  z.tuple([secret], secret),
)

/** One signing key, or two while it is being changed: the first signs. */
const signingKeys = z.pipe(
  text,
  z.transform((value, context) => {
    const keys = readSigningKeys(value)
    if (keys !== undefined && keys.length <= 2) return keys
    refuse(context, 'must be one or two private keys, P-256 or Ed25519, as PEM or JWK')
    return z.NEVER
  }),
)

const list = z.pipe(
  z.pipe(
    text,
    z.transform((value) => splitList(value)),
  ),
  z.array(z.string()).check(z.minLength(1, 'must not be empty')),
)

/** Names of token claims that backends get: namespaced ones are URLs. */
const backendClaims = z.pipe(
  z.pipe(text, z.transform(splitNames)),
  z.array(z.string().check(z.maxLength(256, 'must be names of at most 256 characters'))).check(
    z.minLength(1, 'must not be empty'),
    z.maxLength(50, 'must name at most 50 claims'),
    z.superRefine((names, context) => {
      const reserved = names.filter(isReservedClaim)
      if (reserved.length === 0) return
      context.addIssue(
        `must not name claims that the assertion has of its own: ${reserved.join(', ')}`,
      )
    }),
  ),
)

const hostname = text.check(
  z.regex(/^[a-z0-9.-]+(:\d+)?$/i, 'must be a host name, without https:// or path'),
)

/** Pages of these schemes have an origin that browsers and shells send, and `URL` knows as `null`. */
const PAGE_ORIGIN =
  /^(?:chrome-extension|moz-extension|vscode-webview|app|tauri|capacitor):\/\/[a-z0-9.-]+$/

/** As browsers write it; they know no wildcards, though `URL` takes them for host names. */
function isOrigin(value: string): boolean {
  return (asUrl(value)?.origin === value && !value.includes('*')) || PAGE_ORIGIN.test(value)
}

const browserOrigins = list.check(
  z.refine(
    (values) => values.every((value) => value === '*' || isOrigin(value)),
    'must be origins such as https://app.example.com, or *',
  ),
)

function wholeNumber(least: number, most: number, unit: string) {
  return z.pipe(
    z.pipe(
      z.string().check(z.regex(/^\d{1,9}$/, `must be a whole number of ${unit}`)),
      z.transform(Number),
    ),
    z
      .number()
      .check(z.gte(least, `must be at least ${least}`), z.lte(most, `must be at most ${most}`)),
  )
}

function refuse(context: Pick<z.core.ParsePayload, 'issues' | 'value'>, message: string): void {
  context.issues.push({ code: 'custom', message, input: context.value })
}

/** Splits at blanks and commas. */
function splitNames(value: string): string[] {
  return value.split(/[\s,]+/).filter((name) => name !== '')
}

const OBO_REQUIRED =
  'is required for tools with backendAuth on_behalf_of: npm run provision makes the client'

/** Splits a comma-separated value; blanks around items and empty items are dropped. */
export function splitList(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/** Every variable's own rules. A function picks the ones it uses and sees no others. */
export const variables = {
  PUBLIC_URL: origin,
  OAUTH_ISSUER: issuer,
  OAUTH_AUDIENCE: z.optional(
    text.check(z.regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without blanks')),
  ),
  OAUTH_SCOPES: z.optional(
    z.pipe(
      z.pipe(text, z.transform(splitNames)),
      z.array(z.string().check(z.regex(SCOPE_TOKEN, 'must be scope tokens'))),
    ),
  ),
  JWKS_URI: z.optional(httpsUrl),
  TOOLS: z.optional(z.string()),
  TOOLS_FILE: z.optional(z.string()),
  TOOL_SCOPES_JSON: z.optional(z.string()),
  FUNCTIONS_BASE: z.pipe(
    httpsUrl.check(z.refine(hasNoQuery, 'must not have a query')),
    z.transform((value) => value.replace(/\/+$/, '')),
  ),
  GATEWAY_HMAC_SECRET: secrets,
  GATEWAY_SIGNING_KEY: z.optional(signingKeys),
  BACKEND_AUTH: z._default(z.enum(['none', 'google'], 'must be none or google'), 'none'),
  BACKEND_CLAIMS: z.optional(backendClaims),
  OBO_CLIENT_ID: z.string(OBO_REQUIRED).check(
    z.refine((value) => !PLACEHOLDERS.has(value), 'is still a placeholder'),
    z.refine((value) => /^[\x21-\x7e]+$/.test(value), 'must be printable ASCII without blanks'),
  ),
  OBO_CLIENT_SECRET: z.pipe(z.string(OBO_REQUIRED), secret),
  BACKEND_TIMEOUT_MS: z._default(wholeNumber(1, 600_000, 'milliseconds'), 50_000),
  SCOPE_SOURCE: z._default(
    z.enum(['scope', 'scope-or-permissions'], 'must be scope or scope-or-permissions'),
    'scope',
  ),
  RATE_LIMIT_PER_MINUTE: z.optional(wholeNumber(1, 1_000_000, 'calls')),
  RATE_LIMIT_ANONYMOUS_PER_MINUTE: z.optional(wholeNumber(1, 1_000_000, 'calls')),
  REDIS_URL: z.optional(redisUrl),
  // More would not fit into what an instance may have in flight.
  MAX_BODY_BYTES: z._default(wholeNumber(1_024, 8_388_608, 'bytes'), 1_048_576),
  APP_ORIGIN: z._default(browserOrigins, []),
  AUTH_CHALLENGE: z._default(
    z.enum(['auto', 'http', 'tool-result'], 'must be auto, http or tool-result'),
    'auto',
  ),
  AUTH_SERVER_METADATA: z._default(
    z.enum(['issuer', 'curated'], 'must be issuer or curated'),
    'issuer',
  ),
  MGMT_DOMAIN: hostname,
  MGMT_CLIENT_ID: text,
  MGMT_CLIENT_SECRET: secret,
  LOG_WEBHOOK_SECRET: secrets,
  GOOGLE_CONNECTION_NAME: list,
  CLIENT_REDIRECT_URIS: z.optional(list),
  THIRD_PARTY_ACCESS: z._default(
    z.enum(['admitted', 'open'], 'must be admitted or open'),
    'admitted',
  ),
  OAUTH_ORGANIZATION: z.optional(list),
  DCR_POLICY: z._default(
    z.enum(['admit', 'observe', 'enforce'], 'must be admit, observe or enforce'),
    'admit',
  ),
  OPENAI_APPS_CHALLENGE: z.optional(text),
  LOG_LEVEL: z._default(
    z.enum(['debug', 'info', 'warning', 'error'], 'must be debug, info, warning or error'),
    'info',
  ),
} as const

/**
 * Reads the variables of `shape` from `env`; an empty value counts as unset.
 *
 * @throws ConfigError with every fault of every variable at once.
 */
export function parseEnvironment<Shape extends z.core.$ZodShape>(
  shape: Shape,
  env: Environment,
): z.output<z.ZodMiniObject<Shape, z.core.$strip>> {
  const given = Object.fromEntries(
    Object.keys(shape).map((name) => [name, env[name]?.trim() || undefined]),
  )
  // Used once: zod would compile it first.
  const result = z.object(shape).safeParse(given, { jitless: true })
  if (result.success) return result.data as z.output<z.ZodMiniObject<Shape, z.core.$strip>>
  throw new ConfigError(
    result.error.issues.map((issue) => {
      const name = String(issue.path[0])
      // A variable may say itself what else would do.
      const isBare = given[name] === undefined && !issue.message.startsWith('is required')
      return `${name} ${isBare ? 'is required' : issue.message}`
    }),
  )
}

/** Runs several checks and throws one ConfigError with the faults of all of them, each once. */
export function collectFaults<const Checks extends readonly (() => unknown)[]>(
  checks: Checks,
): { [Index in keyof Checks]: ReturnType<Checks[Index]> } {
  const faults: string[] = []
  const results = checks.map((check) => {
    try {
      return check()
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      faults.push(...error.faults)
      return undefined
    }
  })
  if (faults.length > 0) throw new ConfigError([...new Set(faults)])
  return results as { [Index in keyof Checks]: ReturnType<Checks[Index]> }
}

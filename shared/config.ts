import * as z from 'zod'
import { isReservedClaim } from './passed-claims.ts'
import { SCOPE_TOKEN } from './scope.ts'
import { readSigningKeys } from './signing-key.ts'

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

const text = z.string().refine((value) => !PLACEHOLDERS.has(value), 'is still a placeholder')

const httpsUrl = text.refine((value) => {
  const url = asUrl(value)
  if (url === undefined || !isSecure(url)) return false
  return url.username === '' && url.password === '' && url.hash === ''
}, 'must be an https URL without credentials or fragment (http only on loopback)')

const redisUrl = text.refine(
  (value) => /^rediss?:$/.test(asUrl(value)?.protocol ?? ''),
  'must be a redis:// or rediss:// URL',
)

/** `https://host[:port]`, one trailing slash tolerated and dropped. */
const origin = httpsUrl
  .refine((value) => {
    const url = asUrl(value)
    return url === undefined || (url.pathname === '/' && url.search === '')
  }, 'must be an origin, without path or query')
  .transform((value) => new URL(value).origin)

/**
 * Auth0's issuer ends in a slash; a bare origin gets it, anything else is kept to the letter. All that
 * is asked of an issuer is at a path below it, which one with a path and no slash does not have.
 */
const issuer = httpsUrl
  .refine(hasNoQuery, 'must not have a query')
  .refine(
    (value) => asUrl(value)?.pathname.endsWith('/') ?? true,
    'must end in a slash when it has a path, as the issuer of Auth0 does',
  )
  .transform((value) => (/^https?:\/\/[^/?\\]+$/i.test(value) ? `${value}/` : value))

const secret = text
  // Somebody may have made the sample's value longer; a random secret does not begin like it.
  .refine((value) => !/^replace-with-\w+-/.test(value), 'is still a placeholder')
  .refine(
    (value) => value.length >= MIN_SECRET_CHARACTERS,
    `must have at least ${MIN_SECRET_CHARACTERS} characters`,
  )

/** One secret, or two while it is being changed: newest first. */
const secrets = z
  .string()
  .transform((value, context) => {
    const given = splitList(value)
    const isWhole = given.length === value.split(',').length
    if (given.length === 0) context.addIssue('must not be empty')
    else if (given.length > 2) context.addIssue('takes two secrets at most, newest first')
    // A backend that splits the same text might take the empty key.
    else if (!isWhole) context.addIssue('must not have an empty secret: remove the extra comma')
    return given
  })
  .pipe(z.tuple([secret], secret))

/** One signing key, or two while it is being changed: the first signs. */
const signingKeys = text.transform((value, context) => {
  const keys = readSigningKeys(value)
  if (keys !== undefined && keys.length <= 2) return keys
  context.addIssue('must be one or two private keys, P-256 or Ed25519, as PEM or JWK')
  return z.NEVER
})

const list = text
  .transform((value) => splitList(value))
  .pipe(z.array(z.string()).min(1, 'must not be empty'))

/** Names of token claims that backends get: namespaced ones are URLs. */
const backendClaims = text
  .transform((value) => value.split(/[\s,]+/).filter((name) => name !== ''))
  .pipe(
    z
      .array(z.string().max(256, 'must be names of at most 256 characters'))
      .min(1, 'must not be empty')
      .max(50, 'must name at most 50 claims')
      .superRefine((names, context) => {
        const reserved = names.filter(isReservedClaim)
        if (reserved.length === 0) return
        context.addIssue(
          `must not name claims that the assertion has of its own: ${reserved.join(', ')}`,
        )
      }),
  )

const hostname = text.regex(
  /^[a-z0-9.-]+(:\d+)?$/i,
  'must be a host name, without https:// or path',
)

/** Pages of these schemes have an origin that browsers and shells send, and `URL` knows as `null`. */
const PAGE_ORIGIN =
  /^(?:chrome-extension|moz-extension|vscode-webview|app|tauri|capacitor):\/\/[a-z0-9.-]+$/

/** As browsers write it; they know no wildcards, though `URL` takes them for host names. */
function isOrigin(value: string): boolean {
  return (asUrl(value)?.origin === value && !value.includes('*')) || PAGE_ORIGIN.test(value)
}

const browserOrigins = list.refine(
  (values) => values.every((value) => value === '*' || isOrigin(value)),
  'must be origins such as https://app.example.com, or *',
)

function wholeNumber(least: number, most: number, unit: string) {
  return z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number of ${unit}`)
    .transform(Number)
    .pipe(z.number().min(least, `must be at least ${least}`).max(most, `must be at most ${most}`))
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
  OAUTH_AUDIENCE: text.regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without blanks').optional(),
  OAUTH_SCOPES: text
    .transform((value) => value.split(/[\s,]+/).filter((scope) => scope !== ''))
    .pipe(z.array(z.string().regex(SCOPE_TOKEN, 'must be scope tokens')))
    .optional(),
  JWKS_URI: httpsUrl.optional(),
  TOOLS: z.string().optional(),
  TOOLS_FILE: z.string().optional(),
  TOOL_SCOPES_JSON: z.string().optional(),
  FUNCTIONS_BASE: httpsUrl
    .refine(hasNoQuery, 'must not have a query')
    .transform((value) => value.replace(/\/+$/, '')),
  GATEWAY_HMAC_SECRET: secrets,
  GATEWAY_SIGNING_KEY: signingKeys.optional(),
  BACKEND_AUTH: z.enum(['none', 'google'], 'must be none or google').default('none'),
  BACKEND_CLAIMS: backendClaims.optional(),
  OBO_CLIENT_ID: z
    .string(OBO_REQUIRED)
    .refine((value) => !PLACEHOLDERS.has(value), 'is still a placeholder')
    .refine((value) => /^[\x21-\x7e]+$/.test(value), 'must be printable ASCII without blanks'),
  OBO_CLIENT_SECRET: z.string(OBO_REQUIRED).pipe(secret),
  BACKEND_TIMEOUT_MS: wholeNumber(1, 600_000, 'milliseconds').default(50_000),
  SCOPE_SOURCE: z
    .enum(['scope', 'scope-or-permissions'], 'must be scope or scope-or-permissions')
    .default('scope'),
  RATE_LIMIT_PER_MINUTE: wholeNumber(1, 1_000_000, 'calls').optional(),
  RATE_LIMIT_ANONYMOUS_PER_MINUTE: wholeNumber(1, 1_000_000, 'calls').optional(),
  REDIS_URL: redisUrl.optional(),
  // More would not fit into what an instance may have in flight.
  MAX_BODY_BYTES: wholeNumber(1_024, 8_388_608, 'bytes').default(1_048_576),
  APP_ORIGIN: browserOrigins.default([]),
  AUTH_CHALLENGE: z
    .enum(['auto', 'http', 'tool-result'], 'must be auto, http or tool-result')
    .default('auto'),
  AUTH_SERVER_METADATA: z
    .enum(['issuer', 'curated'], 'must be issuer or curated')
    .default('issuer'),
  MGMT_DOMAIN: hostname,
  MGMT_CLIENT_ID: text,
  MGMT_CLIENT_SECRET: secret,
  LOG_WEBHOOK_SECRET: secrets,
  GOOGLE_CONNECTION_NAME: list,
  CLIENT_REDIRECT_URIS: list.optional(),
  THIRD_PARTY_ACCESS: z.enum(['admitted', 'open'], 'must be admitted or open').default('admitted'),
  OAUTH_ORGANIZATION: list.optional(),
  DCR_POLICY: z
    .enum(['admit', 'observe', 'enforce'], 'must be admit, observe or enforce')
    .default('admit'),
  OPENAI_APPS_CHALLENGE: text.optional(),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warning', 'error'], 'must be debug, info, warning or error')
    .default('info'),
} as const

/**
 * Reads the variables of `shape` from `env`; an empty value counts as unset.
 *
 * @throws ConfigError with every fault of every variable at once.
 */
export function parseEnvironment<Shape extends z.ZodRawShape>(
  shape: Shape,
  env: Environment,
): z.output<z.ZodObject<Shape>> {
  const given = Object.fromEntries(
    Object.keys(shape).map((name) => [name, env[name]?.trim() || undefined]),
  )
  const result = z.object(shape).safeParse(given)
  if (result.success) return result.data
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

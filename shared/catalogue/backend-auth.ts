import '../schema-messages.ts'

import * as z from 'zod/mini'
import { variables } from '../config/variables.ts'
import { isLoopback } from '../config.ts'
import { asObject } from '../json.ts'
import { lazily } from '../lazily.ts'
import { type Access, scopeList } from './access.ts'
import { issueText } from './issue-text.ts'
import type { ToolRequest } from './request-schema.ts'
import { isReservedField, isTokenText } from './reserved-fields.ts'

/**
 * How the gateway authenticates to the backend of a tool, with defaults filled in. Contains no secret.
 */
export type ToolBackendAuth = z.output<ReturnType<typeof toolBackendAuth>>

/** The `backendAuth` of one type. */
export type BackendAuthOf<Type extends ToolBackendAuth['type']> = Extract<
  ToolBackendAuth,
  { readonly type: Type }
>

/** The result of `readBackendAuth`: a `backendAuth`, or faults. */
export interface ReadBackendAuth {
  readonly backendAuth?: ToolBackendAuth
  readonly faults: readonly string[]
}

const TYPES = [
  ...['assertion', 'google_id_token', 'header', 'client_credentials', 'on_behalf_of'],
] as const
const PRINTABLE = /^[\x20-\x7e]+$/
/** Names of variables that have a meaning for Google Cloud, Node.js or a shell. */
const PLATFORM_VARIABLE = /^(GOOGLE_|X_GOOGLE_|GCP_|FUNCTION_|K_|NODE_|LD_|PORT$|PATH$|HOME$)/

const printableText = (max: number) =>
  z
    .string()
    .check(z.maxLength(max), z.regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without blanks'))
const toolBackendAuth = lazily(() => {
  const secretName = z.string().check(
    z.regex(
      /^[A-Z][A-Z0-9_]{0,127}$/,
      'must be the name of an environment variable such as CALENDAR_API_KEY, never the secret itself',
    ),
    z.refine(
      (name) => !Object.hasOwn(variables, name) && !PLATFORM_VARIABLE.test(name),
      'must not be a variable that this system or the platform uses',
    ),
  )
  const tokenUrl = z.string().check(
    z.maxLength(2_000),
    z.refine((value) => {
      const url = URL.canParse(value) ? new URL(value) : undefined
      if (url === undefined || url.username !== '' || url.password !== '' || url.hash !== '') {
        return false
      }
      return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
    }, 'must be an https URL without credentials or fragment (http only on loopback)'),
  )
  const tokenRequest = { scopes: z._default(scopeList(), []), audience: printableText(600) }
  return z.discriminatedUnion(
    'type',
    [
      z.strictObject({ type: z.literal('assertion') }),
      z.strictObject({ type: z.literal('google_id_token') }),
      z.strictObject({
        type: z.literal('header'),
        name: z.string().check(z.minLength(1), z.maxLength(128)),
        secret: secretName,
        prefix: z._default(
          z
            .string()
            .check(
              z.maxLength(128),
              z.regex(/^[\x20-\x7e]*$/, 'must be printable ASCII on one line'),
            ),
          '',
        ),
      }),
      z.strictObject({
        type: z.literal('client_credentials'),
        tokenUrl,
        clientId: z.string().check(z.maxLength(512), z.regex(PRINTABLE, 'must be printable ASCII')),
        clientSecret: secretName,
        scopes: tokenRequest.scopes,
        audience: z.optional(tokenRequest.audience),
        tokenEndpointAuthMethod: z._default(
          z.enum(['client_secret_basic', 'client_secret_post']),
          'client_secret_basic',
        ),
      }),
      z.strictObject({ type: z.literal('on_behalf_of'), ...tokenRequest }),
    ],
    `must be ${TYPES.join(', ')}`,
  )
})

/**
 * Reads the `backendAuth` of a tool. Faults name the member.
 *
 * Does not check that the variables that it names are set; the gateway does.
 */
export function readBackendAuth(
  value: unknown,
  tool: { readonly access: Access; readonly request?: ToolRequest | undefined },
): ReadBackendAuth {
  const given = asObject(value)
  if (given === undefined) {
    return { faults: [`backendAuth: must be a mapping with a type: ${TYPES.join(', ')}`] }
  }
  const members = Object.entries(given).filter(([, member]) => member !== null)
  const written = Object.fromEntries(members)
  const parsed = toolBackendAuth().safeParse(written, { jitless: true })
  if (!parsed.success) {
    const faults = parsed.error.issues.map(
      (issue) => `${['backendAuth', ...issue.path].join('.')}: ${issueText(issue, written)}`,
    )
    return { faults }
  }
  const backendAuth = parsed.data
  const faults = [
    ...(backendAuth.type === 'header' ? fieldFaults(backendAuth.name, tool.request) : []),
    ...(backendAuth.type === 'on_behalf_of' ? callerFaults(tool.access) : []),
  ].map((fault) => `backendAuth: ${fault}`)
  return faults.length > 0 ? { faults } : { backendAuth, faults }
}

/** Returns the names of the environment variables that hold the secrets of these tools, sorted. */
export function secretVariables(
  tools: Iterable<{ readonly backendAuth?: ToolBackendAuth | undefined }>,
): string[] {
  const names = [...tools].flatMap(({ backendAuth }) => {
    if (backendAuth?.type === 'header') return [backendAuth.secret]
    return backendAuth?.type === 'client_credentials' ? [backendAuth.clientSecret] : []
  })
  return [...new Set(names)].sort()
}

function fieldFaults(name: string, request: ToolRequest | undefined): string[] {
  const quoted = JSON.stringify(name)
  if (!isTokenText(name)) return [`header field ${quoted}: not a field name (RFC 9110 s5.1)`]
  const lower = name.toLowerCase()
  if (lower !== 'authorization' && isReservedField(name)) {
    return [`header field ${quoted} is set by the gateway or the connection: use another`]
  }
  const named = [
    ...['accept'],
    ...Object.keys(request?.headers ?? {}),
    ...(request?.parameters ?? []).flatMap((one) => (one.in === 'header' ? [one.name] : [])),
  ]
  if (!named.some((other) => other.toLowerCase() === lower)) return []
  return [`header field ${quoted} is in request too: keep one of them`]
}

function callerFaults(access: Access): string[] {
  if (access === 'signed-in') return []
  return [
    'on_behalf_of needs a caller who is signed in: give the tool scopes, or securitySchemes without noauth',
  ]
}

import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'

/** A call of the Management API and its response. */
export interface Exchange {
  readonly method: string
  /** The path below `/api/v2`. */
  readonly path: string
  readonly query: URLSearchParams
  readonly body: unknown
  readonly status: number
  /** undefined = a response without a body. */
  readonly answer: unknown
  /** Whether a test staged the error response. */
  readonly isStaged?: boolean
}

interface Call {
  readonly method: string
  readonly path: string
  readonly query: readonly string[]
  readonly body?: object
  /** Schemas by status. null = the document has no schema for it. */
  readonly answers: Readonly<Record<string, object | null>>
}

/** Properties and parameters that are missing in the document, with their other sources. */
const ADDED: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  // The types of the `auth0` package.
  UserGrant: { organization_id: { type: 'string' } },
  CreateOrganizationRequestContent: { third_party_client_access: { enum: ['block', 'allow'] } },
  UpdateOrganizationRequestContent: { third_party_client_access: { enum: ['block', 'allow'] } },
  // Auth0 may add values. Admission must refuse clients with an unknown one.
  GetClientResponseContent: { external_metadata_type: { type: 'string' } },
  // auth0-deploy-cli sends back the properties that it has read.
  UpdateResourceServerRequestContent: { token_lifetime_for_web: { type: 'integer' } },
  // Auth0's page on user consent.
  TenantSettingsFlags: { use_scope_descriptions_for_consent: { type: 'boolean' } },
}
/** Parameters in the descriptions of the document and in the types of the `auth0` package. */
const QUERY: Readonly<Record<string, readonly string[]>> = {
  'GET /logs': ['q'],
  'GET /roles': ['type', 'owner_id'],
}
/** The document has 201 here. Recorded responses of the first call have 200. */
const STATUS: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  'PATCH /resource-servers/{id}': { 200: '201' },
  'PATCH /hooks/{id}': { 200: '201' },
}
/** Any call may have these statuses. */
const ALWAYS = new Set([401, 429])

const ajv = new Ajv({ strict: false, allErrors: true })
let definitions: Record<string, { properties?: Record<string, object> }> = {}
const calls: readonly Call[] = load()
const validators = new Map<object, ValidateFunction>()

/**
 * The differences between an exchange and Auth0's OpenAPI document: a response with another type or
 * status, an accepted request that the document does not allow, and an unknown call whose response is
 * not 404. 5xx responses and staged error responses are not checked.
 */
export function exchangeFaults(exchange: Exchange): string[] {
  const { method, path, status, answer, isStaged } = exchange
  if (status >= 500 || isStaged === true) return []
  const call = calls.find((one) => one.method === method && isSamePath(one.path, path))
  if (call === undefined) return status === 404 ? [] : [`${method} ${path}: not in the table`]
  const name = `${method} ${call.path}`
  const isTaken = status < 400
  const schema = call.answers[STATUS[name]?.[status] ?? String(status)]
  const faults = [...(isTaken ? requestFaults(exchange) : [])]
  if (schema === undefined) {
    if (!ALWAYS.has(status)) faults.push(`answers ${status}, which is not documented`)
  } else if (isTaken && schema !== null) faults.push(...typeFaults(schema, answer, 'answer'))
  else if (isTaken && answer !== undefined) faults.push('answer: must be none')
  if (!isTaken) faults.push(...problemFaults(status, answer))
  return faults.map((fault) => `${name}: ${fault}`)
}

/** The differences between a request and Auth0's OpenAPI document. */
export function requestFaults({
  method,
  path,
  query,
  body,
}: Pick<Exchange, 'method' | 'path' | 'query' | 'body'>): string[] {
  const call = calls.find((one) => one.method === method && isSamePath(one.path, path))
  if (call === undefined) return [`${method} ${path}: not in the table`]
  const known = [...call.query, ...(QUERY[`${method} ${call.path}`] ?? [])]
  const unknown = [...new Set(query.keys())].filter((name) => !known.includes(name))
  const faults = unknown.map((name) => `query: ${name}`)
  return call.body === undefined ? faults : [...faults, ...typeFaults(call.body, body, 'request')]
}

function typeFaults(schema: object, value: unknown, what: string): string[] {
  const validate = validators.get(schema) ?? ajv.compile(inContext(schema))
  validators.set(schema, validate)
  // JSON omits members that are undefined.
  if (validate(JSON.parse(JSON.stringify(value ?? null)))) return []
  return (validate.errors ?? []).map(({ instancePath, message, params }) => {
    const extra = 'additionalProperty' in params ? ` ${String(params['additionalProperty'])}` : ''
    return `${what}${instancePath} ${message}${extra}`
  })
}

/** Checks the format of an error response. */
function problemFaults(status: number, answer: unknown): string[] {
  const problem = answer as { statusCode?: unknown; message?: unknown; errorCode?: unknown }
  const isProblem =
    problem?.statusCode === status &&
    typeof problem.message === 'string' &&
    typeof problem.errorCode === 'string'
  return isProblem ? [] : ['answer: not in the form of an error']
}

function isSamePath(pattern: string, path: string): boolean {
  const [wanted, parts] = [pattern.split('/'), path.split('/')]
  return (
    wanted.length === parts.length &&
    wanted.every((part, index) => part.startsWith('{') || part === parts[index])
  )
}

function inContext(schema: object): object {
  return { ...schema, definitions }
}

function load(): Call[] {
  const text = readFileSync(new URL('contract.jsonl', import.meta.url), 'utf8')
  const lines = text.split('\n').filter((line) => line !== '')
  const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  definitions = Object.fromEntries(
    parsed.flatMap(({ definition, schema }) =>
      typeof definition === 'string' ? [[definition, schema as object]] : [],
    ),
  )
  for (const [name, properties] of Object.entries(ADDED)) {
    const definition = definitions[name]
    if (definition === undefined) throw new Error(`the contract has no ${name}`)
    definition.properties = { ...definition.properties, ...properties }
  }
  // An exact path precedes a path with a parameter in the same place.
  const all = parsed.flatMap(({ call }) => (call === undefined ? [] : [call as Call]))
  return all.sort((one, other) => one.path.split('{').length - other.path.split('{').length)
}

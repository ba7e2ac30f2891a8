/**
 * Writes contract.jsonl from Auth0's OpenAPI document of the Management API. It contains the statuses, the
 * query parameters and the types of request and response bodies of the calls that this project makes or
 * serves: names, types, enumerations and bounds, with one call or definition per line.
 *
 * node test/support/auth0-contract/derive.ts openapi.json > test/support/auth0-contract/contract.jsonl
 */
import { readFileSync } from 'node:fs'

type Json = Record<string, unknown>

const CALLS = [
  '/clients/{id}/connections',
  ...['/clients', '/clients/{id}', '/clients/cimd/preview', '/clients/cimd/register'],
  ...['/client-grants', '/client-grants/{id}', '/connections', '/connections/{id}'],
  ...['/connections/{id}/clients', '/resource-servers', '/resource-servers/{id}'],
  ...[
    '/clients/{id}/connections',
    '/prompts',
    '/tenants/settings',
    '/log-streams',
    '/log-streams/{id}',
    '/logs',
    '/logs/{id}',
  ],
  ...['/rules', '/rules/{id}', '/hooks', '/hooks/{id}', '/grants', '/grants/{id}'],
  ...['/roles', '/roles/{id}', '/roles/{id}/permissions', '/roles/{id}/users'],
  ...['/users', '/users/{id}', '/users-by-email', '/users/{id}/roles', '/users/{id}/permissions'],
  ...['/organizations', '/organizations/{id}', '/organizations/name/{name}'],
  ...['/organizations/{id}/members', '/organizations/{id}/enabled_connections'],
  '/organizations/{id}/enabled_connections/{connectionId}',
  ...['/actions/actions', '/actions/actions/{id}', '/actions/actions/{id}/deploy'],
  ...['/actions/triggers', '/actions/triggers/{triggerId}/bindings'],
]
const METHODS = ['get', 'post', 'patch', 'delete']
/** The keywords of a schema that a value can be validated with. */
const KEPT = new Set([
  ...['type', 'enum', 'const', 'required', 'additionalProperties', 'minProperties'],
  ...['minLength', 'maxLength', 'minimum', 'maximum', 'minItems', 'maxItems', 'uniqueItems'],
])
const NESTED = ['oneOf', 'anyOf', 'allOf']
const COMPONENT = '#/components/schemas/'
/** Large schemas that this project does not use. They accept any value. */
const LEFT_OUT =
  /Addons|ConnectionPropertiesOptions|ConnectionOptions|LogStream(?!Http|Sink|Filter|Status|.*Content|.*Enum)|Mobile|NativeSocial|TokenQuota|Express|MyOrganization|SessionTransfer|Guardian|UserIdentity|UserProfileData|Integration/

const [, , file = ''] = process.argv
const document = JSON.parse(readFileSync(file, 'utf8')) as Json
const definitions: Json = {}

const calls = CALLS.flatMap((path) =>
  METHODS.flatMap((method) => {
    const operation = at(document, 'paths', path, method)
    if (operation === undefined) return []
    const body = at(operation, 'requestBody', 'content', 'application/json', 'schema')
    const parameters = (operation['parameters'] ?? []) as Json[]
    const responses = Object.entries((operation['responses'] ?? {}) as Json).map(
      ([status, response]) => [status, schemaOf(response as Json)] as const,
    )
    const query = parameters.filter((one) => one['in'] === 'query').map((one) => one['name'])
    return {
      method: method.toUpperCase(),
      path,
      query,
      ...(body !== undefined && { body: compact(body) }),
      answers: Object.fromEntries(responses),
    }
  }),
)
const lines = [
  ...calls.map((call) => ({ call })),
  ...Object.entries(definitions).map(([definition, schema]) => ({ definition, schema })),
]
process.stdout.write(`${lines.map((line) => JSON.stringify(line)).join('\n')}\n`)

function schemaOf(response: Json): unknown {
  const schema = at(response, 'content', 'application/json', 'schema')
  return schema === undefined ? null : compact(schema)
}

/** A schema without descriptions, formats and patterns. Referenced schemas are added to the definitions. */
function compact(schema: Json): Json {
  const ref = schema['$ref']
  if (typeof ref === 'string') return define(ref.slice(COMPONENT.length))
  const kept = Object.entries(schema).filter(([name]) => KEPT.has(name))
  const made = Object.fromEntries(
    kept.map(([name, value]) => [name, isObject(value) ? compact(value) : value]),
  )
  if (isObject(schema['properties'])) {
    const properties = Object.entries(schema['properties'])
    made['properties'] = Object.fromEntries(
      properties.map(([name, value]) => [name, compact(value as Json)]),
    )
  }
  if (isObject(schema['items'])) made['items'] = compact(schema['items'])
  for (const name of NESTED) {
    const all = schema[name]
    // The alternatives of a oneOf in the document are not exclusive, so it becomes an anyOf.
    if (Array.isArray(all)) {
      const kinds = all
        .map((one: Json) => compact(one))
        .filter((one) => Object.keys(one).length > 0)
      made[name === 'oneOf' ? 'anyOf' : name] = kinds
    }
  }
  return made
}

function define(name: string): Json {
  if (LEFT_OUT.test(name)) return {}
  if (!(name in definitions)) {
    definitions[name] = {}
    definitions[name] = compact(at(document, 'components', 'schemas', name) ?? {})
  }
  return { $ref: `#/definitions/${name}` }
}

function at(value: Json, ...names: readonly string[]): Json | undefined {
  let found: unknown = value
  for (const name of names) found = isObject(found) ? found[name] : undefined
  return isObject(found) ? found : undefined
}

function isObject(value: unknown): value is Json {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

import type { JsonSchema } from '../../../shared/json-schema/schema.ts'
import type { Catalogue, ToolDefinition } from '../../../shared/tools.ts'
import { type Components, embedSchema } from './embed-schema.ts'
import { MAX_DESCRIPTION_CHARACTERS } from './openapi-limits.ts'

export interface OpenApiOptions {
  readonly publicUrl: string
  readonly issuer: string
  /** The identifier of the API in Auth0. */
  readonly audience: string
}

const SCHEMAS = {
  Problem: {
    type: 'object',
    properties: {
      type: { type: 'string' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
    },
  },
}
const SCHEME = 'auth0'

/** Returns the OpenAPI description of the tools with these names, or of all tools. */
export type Describe = (names?: ReadonlySet<string>) => ReturnType<typeof toDocument>

interface Described {
  readonly tool: ToolDefinition
  readonly operation: ReturnType<typeof operationOf>
  /** The components that the schemas of the operation refer to. */
  readonly components: readonly (readonly [name: string, schema: JsonSchema])[]
}

/** Creates the description of each tool once, for use in any number of documents. */
export function createDescribe(catalogue: Catalogue, options: OpenApiOptions): Describe {
  const components: Components = new Map(Object.entries(SCHEMAS))
  const tools = [...catalogue.values()].map((tool): Described => {
    const { size } = components
    const operation = operationOf(tool, components)
    return { tool, operation, components: [...components].slice(size) }
  })
  return (names) =>
    toDocument(names ? tools.filter(({ tool }) => names.has(tool.name)) : tools, options)
}

/** Returns the OpenAPI 3.1 description of the REST endpoint, for GPT Actions and other clients. */
export function openApiDocument(catalogue: Catalogue, options: OpenApiOptions) {
  return createDescribe(catalogue, options)()
}

function toDocument(tools: readonly Described[], { publicUrl, issuer, audience }: OpenApiOptions) {
  const scopes = [...new Set(tools.flatMap(({ tool }) => tool.scopes))].sort()
  return {
    openapi: '3.1.0',
    info: { title: `Tools at ${new URL(publicUrl).host}`, version: '1.0.0' },
    servers: [{ url: publicUrl }],
    paths: Object.fromEntries(
      tools.map(({ tool, operation }) => [`/tools/${tool.name}`, { post: operation }]),
    ),
    components: {
      securitySchemes: {
        [SCHEME]: {
          type: 'oauth2',
          flows: {
            authorizationCode: {
              authorizationUrl: authorizationUrl(issuer, audience),
              tokenUrl: new URL('oauth/token', issuer).href,
              scopes: Object.fromEntries(scopes.map((scope) => [scope, scope])),
            },
          },
        },
      },
      schemas: { ...SCHEMAS, ...Object.fromEntries(tools.flatMap((one) => one.components)) },
    },
  }
}

/**
 * Adds the audience, because Auth0 otherwise issues a token for another API. Clients keep this
 * query and add their own parameters (RFC 6749 s3.1).
 */
function authorizationUrl(issuer: string, audience: string): string {
  const url = new URL('authorize', issuer)
  url.searchParams.set('audience', audience)
  return url.href
}

function operationOf(tool: ToolDefinition, components: Components) {
  const problem = {
    'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
  }
  const title = tool.title ?? tool.name
  const { required } = tool.inputSchema
  return {
    operationId: tool.name,
    summary: shortened(title),
    ...(tool.description !== '' && { description: shortened(tool.description) }),
    // GPT Actions ask the user to confirm each call unless this is false.
    'x-openai-isConsequential': tool.annotations?.readOnlyHint !== true,
    security: securityOf(tool),
    requestBody: {
      required: Array.isArray(required) && required.length > 0,
      content: { 'application/json': { schema: inputSchemaOf(tool, components) } },
    },
    responses: {
      200: { description: 'The result of the tool.', content: resultContentOf(tool, components) },
      ...(tool.outputSchema === undefined && {
        204: { description: 'The tool succeeded and returned no content.' },
      }),
      401: { description: 'The access token is missing or not valid.', content: problem },
      403: {
        description: 'The access token lacks a scope, or the user lacks a permission.',
        content: problem,
      },
      default: { description: 'The call failed.', content: problem },
    },
  }
}

/**
 * Returns who may call: everyone, everyone with an optional sign-in, or only callers with these
 * scopes.
 */
function securityOf({ scopes, access }: ToolDefinition) {
  if (access === 'public') return []
  const signedIn = { [SCHEME]: scopes }
  return access === 'optional' ? [{}, signedIn] : [signedIn]
}

/** Adds `properties` if absent, because GPT Actions accept no object without it. */
function inputSchemaOf({ name, inputSchema }: ToolDefinition, components: Components) {
  const schema = embedSchema(inputSchema, `${name}.input`, components)
  return '$ref' in schema || 'properties' in schema ? schema : { ...schema, properties: {} }
}

/** A tool without an `outputSchema` may return any JSON or text. */
function resultContentOf({ name, outputSchema }: ToolDefinition, components: Components) {
  if (outputSchema === undefined) {
    return { 'application/json': { schema: {} }, 'text/plain': { schema: { type: 'string' } } }
  }
  const schema = embedSchema(outputSchema, `${name}.output`, components)
  return { 'application/json': { schema } }
}

/** Shortens the text, at the end of a word if possible. */
function shortened(text: string): string {
  if (text.length <= MAX_DESCRIPTION_CHARACTERS) return text
  const start = text.slice(0, MAX_DESCRIPTION_CHARACTERS - 1)
  const end = start.search(/\s\S{0,40}$/)
  return `${(end > 0 ? start.slice(0, end) : start).toWellFormed().trimEnd()}…`
}

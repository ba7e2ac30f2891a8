import type { JsonSchema } from '../../../shared/json-schema/schema.ts'
import type { Catalogue, ToolDefinition } from '../../../shared/tools.ts'
import { type Components, embedSchema } from './embed-schema.ts'
import { MAX_DESCRIPTION_CHARACTERS } from './openapi-limits.ts'

export interface OpenApiOptions {
  readonly publicUrl: string
  readonly issuer: string
  /** Identifier of the API at Auth0. */
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

/** Makes the description of some of the tools, by name; of all of them when no names are given. */
export type Describe = (names?: ReadonlySet<string>) => ReturnType<typeof toDocument>

interface Described {
  readonly tool: ToolDefinition
  readonly operation: ReturnType<typeof operationOf>
  /** The components that its schemas refer to. */
  readonly components: readonly (readonly [name: string, schema: JsonSchema])[]
}

/** Describes each tool once, for any number of documents. */
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

/** The OpenAPI 3.1 description of the REST side, for GPT Actions and other clients. */
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
 * Without an audience Auth0 issues a token that is not for this API. Importers add their parameters
 * to the query that the URL has (RFC 6749 s3.1).
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
    // GPT Actions ask the person before each call unless this is false.
    'x-openai-isConsequential': tool.annotations?.readOnlyHint !== true,
    security: securityOf(tool),
    requestBody: {
      required: Array.isArray(required) && required.length > 0,
      content: { 'application/json': { schema: inputOf(tool, components) } },
    },
    responses: {
      200: { description: 'The answer of the tool.', content: answerOf(tool, components) },
      ...(tool.outputSchema === undefined && {
        204: { description: 'The tool has done its work and says nothing.' },
      }),
      401: { description: 'No access token, or one that is not valid here.', content: problem },
      403: {
        description: 'The access token lacks a scope, or the user a permission.',
        content: problem,
      },
      default: { description: 'The call failed.', content: problem },
    },
  }
}

/** Who may call: everyone, everyone with an optional sign-in, or callers with these scopes. */
function securityOf({ scopes, access }: ToolDefinition) {
  if (access === 'public') return []
  const signedIn = { [SCHEME]: scopes }
  return access === 'optional' ? [{}, signedIn] : [signedIn]
}

/** GPT Actions take no object without `properties`. */
function inputOf({ name, inputSchema }: ToolDefinition, components: Components) {
  const schema = embedSchema(inputSchema, `${name}.input`, components)
  return '$ref' in schema || 'properties' in schema ? schema : { ...schema, properties: {} }
}

/** A tool that promises nothing may answer with any JSON, or with text. */
function answerOf({ name, outputSchema }: ToolDefinition, components: Components) {
  if (outputSchema === undefined) {
    return { 'application/json': { schema: {} }, 'text/plain': { schema: { type: 'string' } } }
  }
  const schema = embedSchema(outputSchema, `${name}.output`, components)
  return { 'application/json': { schema } }
}

/** At the end of a word, where there is one. */
function shortened(text: string): string {
  if (text.length <= MAX_DESCRIPTION_CHARACTERS) return text
  const start = text.slice(0, MAX_DESCRIPTION_CHARACTERS - 1)
  const end = start.search(/\s\S{0,40}$/)
  return `${(end > 0 ? start.slice(0, end) : start).toWellFormed().trimEnd()}…`
}

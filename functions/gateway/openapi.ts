import { type Catalogue, catalogueScopes, type ToolDefinition } from '../../shared/tools.ts'

export interface OpenApiOptions {
  readonly publicUrl: string
  readonly issuer: string
}

/** The OpenAPI 3.1 description of the REST side, for GPT Actions and other clients. */
export function openApiDocument(catalogue: Catalogue, { publicUrl, issuer }: OpenApiOptions) {
  const tools = [...catalogue.values()]
  return {
    openapi: '3.1.0',
    info: { title: `Tools at ${new URL(publicUrl).host}`, version: '1.0.0' },
    servers: [{ url: publicUrl }],
    paths: Object.fromEntries(
      tools.map((tool) => [`/tools/${tool.name}`, { post: describe(tool) }]),
    ),
    components: {
      securitySchemes: {
        auth0: {
          type: 'oauth2',
          flows: {
            authorizationCode: {
              authorizationUrl: new URL('authorize', issuer).href,
              tokenUrl: new URL('oauth/token', issuer).href,
              scopes: Object.fromEntries(catalogueScopes(catalogue).map((scope) => [scope, scope])),
            },
          },
        },
      },
      schemas: {
        Problem: {
          type: 'object',
          properties: {
            type: { type: 'string' },
            title: { type: 'string' },
            status: { type: 'integer' },
            detail: { type: 'string' },
          },
        },
      },
    },
  }
}

function describe(tool: ToolDefinition) {
  const problem = {
    'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
  }
  return {
    operationId: tool.name,
    summary: tool.title ?? tool.name,
    description: tool.description,
    // GPT Actions ask the person before each call unless this is false.
    'x-openai-isConsequential': tool.annotations?.readOnlyHint !== true,
    security: tool.scopes.length === 0 ? [] : [{ auth0: tool.scopes }],
    requestBody: {
      required: Array.isArray(tool.inputSchema['required']),
      content: { 'application/json': { schema: tool.inputSchema } },
    },
    responses: {
      200: {
        description: 'The answer of the tool.',
        content: { 'application/json': { schema: tool.outputSchema ?? {} } },
      },
      401: { description: 'No access token, or one that is not valid here.', content: problem },
      403: { description: 'The access token lacks a scope.', content: problem },
      default: { description: 'The call failed.', content: problem },
    },
  }
}

import { Document, isMap, visit } from 'yaml'
import {
  AUTHORIZATION_SERVER_PATHS,
  LOG_WEBHOOK_PATH,
  MCP_PATH,
  PROTECTED_RESOURCE_PATHS,
  REGISTRATION_PATH,
} from '../../shared/oauth/protected-resource.ts'

/**
 * Maps each served path to its function. API Gateway has no wildcard over several segments, so each
 * path below `/.well-known/` is listed.
 */
const GATEWAY_PATHS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [...PROTECTED_RESOURCE_PATHS, ...AUTHORIZATION_SERVER_PATHS].map((path) => [path, 'metadata']),
  ),
  '/.well-known/openai-apps-challenge': 'metadata',
  '/health': 'metadata',
  '/health/auth0': 'metadata',
  [MCP_PATH]: 'gateway',
  '/tools/{toolName}': 'gateway',
  '/openapi.json': 'gateway',
  '/.well-known/jwks.json': 'gateway',
  [REGISTRATION_PATH]: 'registration',
  [LOG_WEBHOOK_PATH]: 'log-webhook',
}

/** All methods of Swagger 2.0. The function decides which ones a path accepts, as on Hosting. */
const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'] as const
/** Seconds; API Gateway's own default is 15. */
const DEADLINE = 60
const HEADER = ` The rewrite map of firebase.json as an API Gateway spec (Swagger 2.0), written by api-gateway.ts.
 Replace PROJECT_NUMBER and REGION (docs/deploy.md, "Behind API Gateway").
 disable_auth forwards the client's Authorization header unchanged; otherwise API Gateway replaces it
 with its own token. The functions check it; they trust no X-Forwarded-* or X-Apigateway-* header.`

/** Returns the content of deploy/api-gateway.yaml. */
export function apiGatewayYaml(): string {
  const document = new Document({
    swagger: '2.0',
    info: { title: 'chatgpt-auth0-gateway', version: '1.0.0' },
    schemes: ['https'],
    paths: Object.fromEntries(
      Object.entries(GATEWAY_PATHS).map(([path, service]) => [path, pathItem(path, service)]),
    ),
  })
  document.commentBefore = HEADER
  visit(document, {
    Pair: (_, { key, value }) => {
      if (isMap(value) && METHODS.some((method) => method === String(key))) value.flow = true
    },
  })
  return document.toString({ lineWidth: 0 })
}

function pathItem(path: string, service: string) {
  const slash = path.endsWith('/') ? '_slash' : ''
  const name = path.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_|_$/g, '') + slash
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => ({
    name: parameter,
    in: 'path',
    required: true,
    type: 'string',
  }))
  const operations = METHODS.map((method) => [
    method,
    {
      operationId: `${method}_${name}`,
      security: [],
      responses: { 200: { description: 'Response of the function' } },
      'x-google-backend': {
        address: `https://${service}-PROJECT_NUMBER.REGION.run.app`,
        path_translation: 'APPEND_PATH_TO_ADDRESS',
        deadline: DEADLINE,
        disable_auth: true,
      },
    },
  ])
  return { ...(parameters.length > 0 && { parameters }), ...Object.fromEntries(operations) }
}

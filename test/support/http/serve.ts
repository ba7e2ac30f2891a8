import { type IncomingHttpHeaders, request } from 'node:http'
import { getTestServer } from '@google-cloud/functions-framework/testing'
import { type GatewayConfig, parseGatewayConfig } from '../../../functions/gateway/config.ts'
import { createGateway, type GatewayDependencies } from '../../../functions/gateway/handler.ts'
import { host } from '../../../shared/http/host.ts'
import { type Handler, type HttpRequest, toHttpFunction } from '../../../shared/http/http.ts'
import { createLog, type Log } from '../../../shared/log.ts'
import { keepSecret, keepWritten } from '../written.ts'
import { listen } from './listen.ts'

/** A function behind the server of functions-framework on a free port of 127.0.0.1. */
export interface Served extends AsyncDisposable {
  readonly url: string
  /** The parsed log lines of the function. */
  readonly lines: Readonly<Record<string, unknown>>[]
  readonly send: (options: SendOptions) => Promise<Answer>
}

export interface SendOptions {
  readonly method?: string
  readonly path: string
  /** The header fields on the wire. A list of values is a repeated field. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>> | undefined
  /** A string or bytes are sent unchanged, any other value as JSON. */
  readonly body?: unknown
  readonly signal?: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** Parses the body as JSON. The caller states the type and checks the value. */
  readonly json: <T = unknown>() => T
}

/** The assertion key of every gateway that a test serves. */
export const HMAC_SECRET = 'an-hmac-secret-for-tests-only-0123456789'

/** The tools without the public tool `about`, for tests where every call requires a token. */
export const PRIVATE_TOOLS = {
  listEvents: {
    title: 'List events',
    description: 'Events of the signed-in user, newest first.',
    scopes: ['events:read'],
    inputSchema: {
      type: 'object',
      properties: { limit: { type: 'integer', minimum: 1, maximum: 200 } },
      additionalProperties: false,
    },
    outputSchema: {
      type: 'object',
      properties: { events: { type: 'array', items: { type: 'string' } } },
      required: ['events'],
    },
    annotations: { readOnlyHint: true },
    _meta: { 'openai/toolInvocation/invoking': 'Reading events' },
  },
  addEvent: { description: 'Adds an event.', scopes: ['events:write'] },
  summarizeEvents: { scopes: ['events:write', 'events:read'] },
}
export const TOOLS = {
  ...PRIVATE_TOOLS,
  about: { scopes: [], annotations: { readOnlyHint: true } },
}

let count = 0

/** Serves the handler that `create` returns for the URL of the server. */
export async function serve(
  name: string,
  create: (url: string, log: Log) => Handler,
): Promise<Served> {
  const lines: Served['lines'] = []
  const write = (line: string) => {
    lines.push(JSON.parse(line))
    keepWritten(line.trimEnd())
  }
  const log = createLog({ service: name, level: 'debug', write })
  let handler: Handler | undefined
  const registered = `${name}-${++count}`
  const forward = (incoming: HttpRequest) => {
    if (handler === undefined) throw new Error('not yet')
    return handler(incoming)
  }
  host(toHttpFunction(forward, log), registered)
  const server = getTestServer(registered)
  const listening = await listen(server)
  const { url } = listening
  handler = create(url, log)
  return {
    ...listening,
    lines,
    send: (options) => send(url, options),
  }
}

export interface GatewayOptions {
  readonly issuer: string
  readonly functionsBase: string
  readonly env?: Readonly<Record<string, string>>
  readonly dependencies?: Omit<GatewayDependencies, 'log'>
}

/** Serves a gateway with `TOOLS` and the PUBLIC_URL `https://mcp.test`, unless `env` replaces them. */
export function serveGateway(options: GatewayOptions): Promise<Served> {
  keepSecret(HMAC_SECRET)
  const config = gatewayConfig(options)
  return serve('gateway', (_, log) => createGateway(config, { log, ...options.dependencies }))
}

// Cached, because compiling the schemas of the catalogue takes longer than most tests.
const configs = new Map<string, GatewayConfig>()

function gatewayConfig({ issuer, functionsBase, env }: GatewayOptions): GatewayConfig {
  const variables = {
    PUBLIC_URL: 'https://mcp.test',
    OAUTH_ISSUER: issuer,
    FUNCTIONS_BASE: functionsBase,
    GATEWAY_HMAC_SECRET: HMAC_SECRET,
    TOOLS: JSON.stringify(TOOLS),
    ...env,
  }
  const key = JSON.stringify(variables)
  const config = configs.get(key) ?? parseGatewayConfig(variables)
  configs.set(key, config)
  return config
}

/** Sends one unchanged request over its own connection. */
export function send(
  origin: string,
  { method = 'GET', path, headers = {}, body, signal }: SendOptions,
): Promise<Answer> {
  const bytes = body === undefined ? undefined : toBytes(body)
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin)
    const outgoing = request({
      hostname,
      port,
      path,
      method,
      agent: false,
      headers: { ...(bytes && { 'content-length': bytes.length }), ...copy(headers) },
      ...(signal && { signal }),
    })
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: <T>() => JSON.parse(text) as T,
        })
      })
    })
    outgoing.end(bytes)
  })
}

function toBytes(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

function copy(headers: NonNullable<SendOptions['headers']>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : [...value],
    ]),
  )
}

/** A message of the era before the revision 2026-07-28. */
export function handshakeMessage(method: string, params?: Readonly<Record<string, unknown>>) {
  return { jsonrpc: '2.0', id: 1, method, ...(params && { params }) }
}

/** A message of the revision 2026-07-28 with its header fields. */
export function statelessRequest(method: string, params: Readonly<Record<string, unknown>> = {}) {
  return {
    headers: {
      'content-type': 'application/json',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof params['name'] === 'string' && { 'mcp-name': params['name'] }),
      ...(method === 'resources/read' && { 'mcp-name': String(params['uri']) }),
    },
    body: {
      jsonrpc: '2.0',
      id: 1,
      method,
      params: {
        ...params,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    },
  }
}

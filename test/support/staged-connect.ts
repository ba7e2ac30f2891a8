import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { afterAll, expect } from 'vitest'
import { connect } from '../../deploy/connect/connect.ts'
import type { ConnectOptions } from '../../deploy/connect/connect-options.ts'
import { FORMER_IDS } from '../../deploy/connect/failure.ts'
import { STEPS, type StepName } from '../../deploy/connect/step.ts'
import { explain } from '../../deploy/diagnostics/faults/faults.ts'
import { ALICE } from './people.ts'

/** A status, or a status with a body (JSON, or HTML if it is a string) and header fields. */
type Answer = number | readonly [number, unknown, Readonly<Record<string, string>>?]
export type Answers = Readonly<Record<string, Answer>>

/** The responses and options that cause a failure at a step. */
export interface Staging {
  readonly step: StepName
  /** Changed responses by path, or at /mcp by `method`, with `+ token` for calls with a token. */
  readonly answers?: (origin: string) => Answers
  /** The query of the authorization response besides state. undefined = no response. */
  readonly back?: string | undefined
  readonly options?: (origin: string) => Partial<ConnectOptions>
}

/** The paths of the protected resource metadata and the authorization server metadata. */
export const PRM = '/.well-known/oauth-protected-resource/mcp'
export const ASM = '/.well-known/oauth-authorization-server'
const TENANT = '/__tenant'
export const CHATGPT = 'https://chatgpt.com/connector_platform_oauth_redirect'
/** The query of a successful authorization response. */
export const BACK = 'code=c'

/** A public tool. */
export const TOOL = { name: 'listEvents', inputSchema: { type: 'object' } }
/** The tool with a required scope. */
export const needs = (scope: string) => ({
  ...TOOL,
  _meta: { securitySchemes: [{ type: 'oauth2', scopes: [scope] }] },
})
/** Responses to tools/list and tools/call. */
export const listed = (tools: readonly unknown[]): Answer => [200, { result: { tools } }]
export const called = (result: object): Answer => [
  200,
  { result: { content: [{ type: 'text', text: 'x' }], ...result } },
]

/** The claims of a token for the deployment at that origin. */
export function claimsFor(origin: string) {
  return { iss: `${origin}/`, aud: `${origin}/mcp`, scope: 'events:read', exp: 4_000_000_000 }
}

/** A token whose signature is not valid. connect does not check signatures. */
export function rs256(claims: object): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  return `${encode({ alg: 'RS256' })}.${encode(claims)}.c2ln`
}

/** A token endpoint that issues this token. */
export const issued = (access_token: string): Answers => ({
  '/token': [200, { access_token, token_type: 'Bearer' }],
})

function metadataOf(origin: string) {
  return {
    issuer: `${origin}/`,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
  }
}

/** The authorization server metadata with these changes. */
export const metadata = (changes: object) => (origin: string) => ({
  [ASM]: [200, { ...metadataOf(origin), ...changes }] as const,
})

/** The responses of the Auth0 emulator with this log stream delivery for the client. */
export const tenant = (
  delivery: object | undefined,
  authorize = 'no connections enabled',
): Answers => ({
  [TENANT]: [
    200,
    {
      clients: [{ client_id: 'c' }],
      connections: [],
      clientGrants: [],
      logStream: { deliveries: delivery === undefined ? [] : [delivery] },
    },
  ],
  '/authorize': [403, `<p>${authorize}`],
})
/** A log stream delivery with this outcome in the response of log-webhook. */
export const outcome = (of: string, reason?: string) => ({
  status: 200,
  answer: { records: [{ client_id: 'c', outcome: of, reason }] },
})
/** The login page. */
export const LOGIN = '<form action="/login"><input name="username"><input name="password"></form>'

/** Authorization server metadata that advertises iss in responses. */
export const ISS = metadata({ authorization_response_iss_parameter_supported: true })
/** An authorization endpoint that redirects with these parameters. */
export const redirected = (parameters: string): Answers => ({
  '/authorize': [303, {}, { location: `${CHATGPT}?${parameters}` }],
})
/** Options for an existing client with the redirect URI of ChatGPT. */
export const existing = () => ({ clientId: 'c', redirectUri: CHATGPT })

/** A browser that returns this query with the state of the request. */
export function backWith(back: string) {
  return (start: string) => {
    const { searchParams } = new URL(start)
    void fetch(`${searchParams.get('redirect_uri')}?${back}&state=${searchParams.get('state')}`)
  }
}

/** A gateway and its authorization server in one, with runs of `connect` against them. */
export interface StagedDeployment extends AsyncDisposable {
  readonly origin: string
  readonly run: (staging: Omit<Staging, 'step'>) => ReturnType<typeof connect>
  /** Expects that the run fails and that its report is complete and contains no token. */
  readonly failureOf: (
    staging: Staging,
  ) => Promise<{ readonly [member in 'step' | 'id' | 'seen']: string | undefined }>
}

/** Starts the deployment of a test file. It ends after the last test. Call it once, at the top. */
export async function deploymentForThisFile(): Promise<StagedDeployment> {
  const deployment = await startStagedDeployment()
  afterAll(() => deployment[Symbol.asyncDispose]())
  return deployment
}

/** Starts a healthy deployment on a free port. Each run may change its responses. */
async function startStagedDeployment(): Promise<StagedDeployment> {
  let staged: Answers = {}
  let origin = ''
  const server = createServer(async (req, res) => {
    const path = new URL(req.url ?? '/', origin).pathname
    const asked = path === '/mcp' ? await askedOf(req) : { keys: [path], id: undefined }
    const answers: Answers = { ...working(origin), ...staged }
    const answer = asked.keys.map((key) => answers[key]).find((one) => one !== undefined) ?? 404
    const [status, body = {}, headers = {}] = typeof answer === 'number' ? [answer] : answer
    const isPage = typeof body === 'string'
    const type = isPage ? 'text/html' : 'application/json'
    res.writeHead(status, { 'content-type': type, ...headers })
    const isRpc = asked.id !== undefined && status === 200 && !isPage
    const message = isRpc ? { jsonrpc: '2.0', id: asked.id, ...Object(body) } : body
    res.end(isPage ? body : JSON.stringify(message))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  function run({ answers, options, ...staging }: Omit<Staging, 'step'>) {
    staged = answers?.(origin) ?? {}
    const back = 'back' in staging ? staging.back : BACK
    const openBrowser = (start: string) => {
      if (back === undefined) return
      const { searchParams } = new URL(start)
      const state = back.includes('state=') ? '' : `&state=${searchParams.get('state')}`
      void fetch(`${searchParams.get('redirect_uri')}?${back}${state}`)
    }
    return connect({
      url: `${origin}/mcp`,
      person: ALICE,
      admissionMs: 0,
      signInMs: 120_000,
      onStep: () => undefined,
      openBrowser,
      ...options?.(origin),
    })
  }

  async function failureOf(staging: Staging) {
    const connection = await run(staging)
    expect(connection.ok).toBe(false)
    expect(connection.steps.map(({ step }) => step)).toEqual(STEPS)
    expect(JSON.stringify(connection)).not.toMatch(/eyJ[\w-]{8}/)
    const failed = connection.steps.find(({ id }) => id !== undefined)
    const id = failed?.id ?? 'protocol'
    expect(failed?.cause).toBe(explain(id).why)
    expect(failed?.fix).toMatch(/\S/)
    expect(failed?.formerly).toBe(FORMER_IDS[id])
    return { step: failed?.step, id: failed?.id, seen: failed?.seen }
  }

  return {
    origin,
    run,
    failureOf,
    [Symbol.asyncDispose]: async () => {
      server.close()
    },
  }
}

async function askedOf(req: IncomingMessage) {
  const { id, method } = Object(await json(req).catch(() => ({})))
  const hasToken = req.headers.authorization !== undefined
  return {
    keys: hasToken ? [`${method} + token`] : [String(method), '/mcp'],
    id: hasToken ? id : undefined,
  }
}

function working(origin: string): Answers {
  const initialized = {
    protocolVersion: '2025-11-25',
    capabilities: { tools: {} },
    serverInfo: { name: 'staged', version: '1' },
  }
  return {
    [PRM]: [
      200,
      {
        resource: `${origin}/mcp`,
        authorization_servers: [`${origin}/`],
        scopes_supported: ['events:read'],
      },
    ],
    [ASM]: [200, metadataOf(origin)],
    '/mcp': 401,
    '/register': [201, { client_id: 'c', redirect_uris: ['http://127.0.0.1/callback'] }],
    '/authorize': [200, '<p>Sign in'],
    ...issued(rs256(claimsFor(origin))),
    'server/discover + token': 400,
    'initialize + token': [200, { result: initialized }],
    'notifications/initialized + token': 202,
    'tools/list + token': listed([needs('events:read')]),
    'tools/call + token': called({}),
  }
}

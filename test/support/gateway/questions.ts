import { afterAll, beforeEach } from 'vitest'
import {
  type AskingBackend,
  type AskingTools,
  ask,
  form,
  page,
  startAskingBackend,
} from '../http/asking-backend.ts'
import { type Issuer, startIssuer } from '../http/issuer.ts'
import { type Served, serveGateway, statelessRequest } from '../http/serve.ts'
import { bearer } from './mcp.ts'

type Json = Readonly<Record<string, unknown>>

/** The page that `connect` and `both` ask the user to open. */
export const URL_TO_OPEN = 'https://bank.example/connect?session=1'
/** The state of `greet` between its question and the answer. */
export const STATE = '{"step":1,"note":"für dich"}'
/** The capabilities of a client that supports forms and URLs. */
export const BOTH = { elicitation: { form: {}, url: {} } }
/** The capabilities of a client that supports only forms. */
export const FORM = { elicitation: {} }
/** A tool result with this text. */
export const text = (said: string) => ({ content: [{ type: 'text', text: said }] })

/** The tools by name, each with its question. `own` has none. */
const TOOLS: AskingTools = {
  greet: ({ inputResponses, requestState }) => {
    const { action, content } = inputResponses?.['who'] ?? {}
    if (action === undefined) return ask({ who: form('What is your name?', 'name') }, STATE)
    const name = (content as Json | undefined)?.['name']
    return text(`${action} ${name} ${requestState === STATE}`)
  },
  connect: ({ inputResponses }) =>
    inputResponses === undefined
      ? ask({ bank: page('Connect your bank.', URL_TO_OPEN) })
      : text('connected'),
  both: ({ inputResponses }) =>
    inputResponses === undefined
      ? ask({ who: form('Name?', 'name'), bank: page('Connect.', URL_TO_OPEN) })
      : text('done'),
  wait: ({ requestState }) => (requestState === 'later' ? text('now') : ask(undefined, 'later')),
  events: ({ inputResponses, requestState }) =>
    inputResponses === undefined
      ? ask({ sure: form('Delete it?', 'sure', 'boolean') }, 'e1')
      : { data: text(`${requestState} ${inputResponses['sure']?.['action']}`) },
  script: ({ body }) => ask({ a: page('x', 'javascript:alert(1)') }, body),
  nested: () =>
    ask({
      a: {
        method: 'elicitation/create',
        params: {
          message: 'x',
          requestedSchema: { type: 'object', properties: { b: { type: 'object' } } },
        },
      },
    }),
  nothing: () => ask({}),
  unknown: () => ask({ a: { method: 'tools/call', params: {} } }),
  huge: () => ask(undefined, 'x'.repeat(16_385)),
  own: () => ({ resultType: 'input', inputRequests: 1 }),
}

const inputSchema = { type: 'object', properties: { x: {}, y: {} } }
const CATALOGUE = {
  ...Object.fromEntries(
    Object.keys(TOOLS).map((name) => [name, { scopes: ['events:read'], inputSchema }]),
  ),
  remove: {
    scopes: ['events:read'],
    inputSchema: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
    request: {
      method: 'DELETE',
      url: '/events/{id}',
      parameters: [{ name: 'id', in: 'path' }],
      resultPointer: '/data',
    },
  },
}

/** Answers to the question of `greet`. */
export const ACCEPTED = { who: { action: 'accept', content: { name: 'Ada' } } }

/** A `tools/call` of the revision 2026-07-28 by a user with these claims. */
export interface Call {
  readonly name: string
  readonly args?: Json
  readonly capabilities?: Json
  readonly claims?: Json
  readonly gateway?: Served
  /** The state and the answers in the second of two calls. */
  readonly retry?: Json
}

/** A gateway whose tools return questions. */
export interface QuestionStack {
  readonly issuer: Issuer
  readonly backend: AskingBackend
  readonly served: Served
  /** Starts another gateway with the same tools. The caller ends it. */
  readonly start: (env?: Readonly<Record<string, string>>) => Promise<Served>
  readonly call: (
    call: Call,
  ) => Promise<{ readonly status: number; readonly result?: Json; readonly error?: Json }>
  /** The state that the gateway returns to the client with the question. */
  readonly stateOf: (call: Call) => Promise<string>
  /** Decision, reason and status of the audit records with this message. */
  readonly audits: (message: string) => readonly Json[]
}

/** Starts the stack of a test file. It ends after the last test. Call it once, at the top. */
export async function questionStack(): Promise<QuestionStack> {
  const issuer = await startIssuer()
  const backend = await startAskingBackend(TOOLS)
  const start = (env: Readonly<Record<string, string>> = {}) =>
    serveGateway({
      issuer: issuer.url,
      functionsBase: backend.url,
      env: { TOOLS: JSON.stringify(CATALOGUE), ...env },
    })
  const served = await start()

  beforeEach(() => {
    backend.calls.length = 0
    served.lines.length = 0
  })
  afterAll(async () => {
    await Promise.all([served, backend, issuer].map((one) => one[Symbol.asyncDispose]()))
  })

  const call: QuestionStack['call'] = async ({
    name,
    args = {},
    capabilities = BOTH,
    claims = { scope: 'events:read' },
    gateway = served,
    retry,
  }) => {
    const { headers, body } = statelessRequest('tools/call', { name, arguments: args, ...retry })
    const asked = { 'io.modelcontextprotocol/clientCapabilities': capabilities }
    const _meta = { ...body.params._meta, ...asked }
    const answer = await gateway.send({
      method: 'POST',
      path: '/mcp',
      headers: { ...headers, ...bearer(await issuer.token(claims)) },
      body: { ...body, params: { ...body.params, _meta } },
    })
    return { status: answer.status, ...answer.json<{ result?: Json; error?: Json }>() }
  }
  return {
    issuer,
    backend,
    served,
    start,
    call,
    stateOf: async (options) => String((await call(options)).result?.['requestState']),
    audits: (message) =>
      served.lines
        .filter((line) => line['message'] === message)
        .map(({ decision, reason, status }) => ({ decision, reason, status })),
  }
}

import { randomUUID } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { listen } from '../http/listen.ts'

/** The next tool call of the model. */
export interface WantedCall {
  readonly tool: string
  readonly args: Readonly<Record<string, unknown>>
}

/**
 * A streaming model endpoint with OpenAI's Responses and Chat Completions APIs, for agents that call tools
 * only for a model. Each conversation requests the wanted call once and ends after its result.
 */
export interface FakeModel extends AsyncDisposable {
  /** The base URL, which ends with `/v1`. */
  readonly url: string
  wanted: WantedCall | undefined
  /** The results of calls from the agent, oldest first. */
  readonly results: readonly unknown[]
  /** The names of the tools in the last request of the agent. */
  readonly offered: readonly string[]
}

interface Offered {
  readonly name: string
  readonly namespace?: string
}

interface Item {
  readonly [member: string]: unknown
}

const DONE = 'The call was made.'

export async function startFakeModel(): Promise<FakeModel> {
  const results: unknown[] = []
  let offered: readonly Offered[] = []
  const server = createServer(async (req, res) => {
    if (req.method !== 'POST') {
      res.writeHead(200, { 'content-type': 'application/json' }).end('{"object":"list","data":[]}')
      return
    }
    const body = (await json(req)) as Item
    const tools = list(body['tools']).flatMap(offeredBy)
    if (tools.length > 0) offered = tools
    const { wanted } = model
    const tool = tools.find(({ name }) => wanted !== undefined && name.endsWith(wanted.tool))
    const last = list(body['input'] ?? body['messages']).findLast(isResult)
    if (last !== undefined) results.push(last['output'] ?? last['content'])
    const call = last === undefined && tool !== undefined && wanted !== undefined
    const answer = call ? { ...tool, arguments: JSON.stringify(wanted.args) } : undefined
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    if (req.url?.includes('/responses')) respond(res, answer)
    else complete(res, answer)
    res.end()
  })
  const listening = await listen(server)
  const model: FakeModel = {
    url: `${listening.url}/v1`,
    wanted: undefined,
    results,
    get offered() {
      return offered.map(({ name }) => name)
    },
    [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
  }
  return model
}

function offeredBy(tool: Item): readonly Offered[] {
  const { name, function: described, tools } = tool
  const inner = list(tools).flatMap(offeredBy)
  if (inner.length > 0) return inner.map((one) => ({ ...one, namespace: String(name) }))
  const described_name = (described as Item | undefined)?.['name']
  return [{ name: String(name ?? described_name) }]
}

function isResult({ type, role }: Item): boolean {
  return type === 'function_call_output' || role === 'tool'
}

/** Writes the events of the Responses API. */
function respond(res: ServerResponse, call: (Offered & { arguments: string }) | undefined): void {
  const response = { id: `resp_${randomUUID()}`, object: 'response', output: [] }
  const item = call
    ? { type: 'function_call', id: `fc_${randomUUID()}`, call_id: `call_${randomUUID()}`, ...call }
    : {
        type: 'message',
        id: `msg_${randomUUID()}`,
        role: 'assistant',
        content: [{ type: 'output_text', text: DONE, annotations: [] }],
      }
  const usage = {
    input_tokens: 1,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 1,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 2,
  }
  const events = [
    { type: 'response.created', response: { ...response, status: 'in_progress' } },
    { type: 'response.output_item.done', output_index: 0, item },
    {
      type: 'response.completed',
      response: { ...response, status: 'completed', output: [item], usage },
    },
  ]
  for (const event of events) {
    res.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  }
}

/** Writes the chunks of the Chat Completions API. */
function complete(res: ServerResponse, call: (Offered & { arguments: string }) | undefined): void {
  const { name, arguments: args } = call ?? {}
  const delta = call
    ? {
        tool_calls: [
          {
            index: 0,
            id: `call_${randomUUID()}`,
            type: 'function',
            function: { name, arguments: args },
          },
        ],
      }
    : { content: DONE }
  const chunk = { id: `chatcmpl-${randomUUID()}`, object: 'chat.completion.chunk', created: 0 }
  const choices = [
    { index: 0, delta: { role: 'assistant', ...delta }, finish_reason: null },
    { index: 0, delta: {}, finish_reason: call ? 'tool_calls' : 'stop' },
  ]
  for (const choice of choices) {
    res.write(`data: ${JSON.stringify({ ...chunk, model: 'fake', choices: [choice] })}\n\n`)
  }
  res.write('data: [DONE]\n\n')
}

function list(value: unknown): readonly Item[] {
  return Array.isArray(value) ? value : []
}

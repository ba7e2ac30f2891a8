import { send } from '../support/http/serve.ts'
import { callMessage } from '../support/system.ts'
import type { People } from './people.ts'

/** The results of the traffic. */
export interface Tally {
  readonly byStatus: Map<number, number>
  readonly byKind: Map<string, number>
  /** Titles of the writes that succeeded. */
  readonly accepted: string[]
  /** Unexpected responses, and requests without a response. */
  readonly wrong: string[]
  /** Clients that registered with a foreign redirect URI. */
  readonly strangers: string[]
}

export interface TrafficOptions {
  readonly url: string
  readonly issuer: string
  readonly people: People
  /** Ends the traffic when it aborts. */
  readonly over: AbortSignal
}

interface Request {
  readonly kind: string
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly expected: number
  readonly title?: string
}

const JSON_TYPE = { 'content-type': 'application/json' }
const CONNECTIONS = 16
const STRANGER_EVERY_MS = 2_000
const TOO_LARGE = 'x'.repeat(1_300_000)

/** Sends valid and hostile requests over 16 connections until `over` aborts. */
export async function runTraffic(options: TrafficOptions): Promise<Tally> {
  const tally: Tally = {
    byStatus: new Map(),
    byKind: new Map(),
    accepted: [],
    wrong: [],
    strangers: [],
  }
  let count = 0
  const worker = async () => {
    while (!options.over.aborted) {
      const index = count++
      await exchange(options.url, requestOf(index, options.people), tally)
    }
  }
  const workers = Array.from({ length: CONNECTIONS }, worker)
  await Promise.all([...workers, registerStrangers(options, tally)])
  return tally
}

async function exchange(url: string, request: Request, tally: Tally): Promise<void> {
  const { kind, expected, title } = request
  bump(tally.byKind, kind)
  try {
    const answer = await send(url, request)
    bump(tally.byStatus, answer.status)
    if (answer.status !== expected || answer.text.includes('"isError":true')) {
      tally.wrong.push(`${kind}: ${answer.status}, not ${expected}: ${answer.text.slice(0, 200)}`)
    } else if (title !== undefined) tally.accepted.push(title)
  } catch (error) {
    tally.wrong.push(`${kind}: ${String(error)}`)
  }
}

function requestOf(index: number, people: People): Request {
  const { alice, bob } = { alice: bearer(people.alice()), bob: bearer(people.bob()) }
  const title = `soak ${index}`
  const add = { title, date: '2027-01-01' }
  const mcp = { method: 'POST', path: '/mcp' }
  const rest = (tool: string) => ({ method: 'POST', path: `/tools/${tool}` })
  const kinds: readonly Request[] = [
    {
      kind: 'write, MCP',
      ...mcp,
      headers: alice,
      body: callMessage('addEvent', add),
      expected: 200,
      title,
    },
    { kind: 'write, REST', ...rest('addEvent'), headers: alice, body: add, expected: 200, title },
    { kind: 'read, MCP', ...mcp, headers: bob, body: callMessage('listEvents'), expected: 200 },
    { kind: 'read, REST', ...rest('listEvents'), headers: bob, body: {}, expected: 200 },
    {
      kind: 'list',
      ...mcp,
      headers: alice,
      body: { jsonrpc: '2.0', id: 1, method: 'tools/list' },
      expected: 200,
    },
    {
      kind: 'discovery',
      method: 'GET',
      path: '/.well-known/oauth-protected-resource/mcp',
      expected: 200,
    },
    {
      kind: 'too little scope',
      ...mcp,
      headers: bob,
      body: callMessage('addEvent', add),
      expected: 403,
    },
    { kind: 'no token', ...rest('addEvent'), headers: JSON_TYPE, body: add, expected: 401 },
    {
      kind: 'forged token',
      ...rest('addEvent'),
      headers: bearer(forge(people.alice())),
      body: add,
      expected: 401,
    },
    { kind: 'malformed JSON', ...mcp, headers: alice, body: '{"jsonrpc"', expected: 400 },
    {
      kind: 'foreign origin',
      ...mcp,
      headers: { ...alice, origin: 'https://evil.example' },
      body: add,
      expected: 403,
    },
    {
      kind: 'forged log record',
      method: 'POST',
      path: '/auth0-log-webhook',
      headers: bearer('x'.repeat(40)),
      body: [],
      expected: 401,
    },
  ]
  // Expensive for both sides, so it is rare.
  if (index % 500 === 0) {
    return { kind: 'too large', ...mcp, headers: alice, body: TOO_LARGE, expected: 413 }
  }
  return kinds[index % kinds.length] as Request
}

function bearer(token: string) {
  return { ...JSON_TYPE, authorization: `Bearer ${token}` }
}

/** The same token with one changed character in its signature. */
function forge(token: string): string {
  const at = token.length - 20
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
}

async function registerStrangers({ issuer, over }: TrafficOptions, tally: Tally): Promise<void> {
  for (let count = 0; !over.aborted; count++) {
    const answer = await fetch(`${issuer}oidc/register`, {
      method: 'POST',
      headers: JSON_TYPE,
      body: JSON.stringify({
        client_name: 'ChatGPT',
        redirect_uris: [`https://chatgpt.com.evil.example/${count}`],
        token_endpoint_auth_method: 'none',
      }),
    })
    const { client_id: clientId } = (await answer.json()) as { client_id: string }
    tally.strangers.push(clientId)
    await new Promise((resolve) => setTimeout(resolve, STRANGER_EVERY_MS))
  }
}

function bump<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Listener, listenOnLoopback } from '../../../deploy/kit/listen.ts'
import { createTools } from '../../../deploy/local/backends/tools.ts'
import { type Issuer, startIssuer } from '../../support/http/issuer.ts'
import { HMAC_SECRET, type Served, serveGateway } from '../../support/http/serve.ts'

const TOOLS_FILE = fileURLToPath(new URL('../../../deploy/local/tools.yaml', import.meta.url))

let issuer: Issuer
let listener: Listener
let served: Served

beforeAll(async () => {
  issuer = await startIssuer()
  listener = await listenOnLoopback(0, (req, res) => tools(req, res))
  const base = `http://127.0.0.1:${listener.port}`
  const tools = createTools({ base, issuer: 'https://mcp.test', secrets: [HMAC_SECRET] })
  const exchange = {
    OBO_CLIENT_ID: 'gateway',
    OBO_CLIENT_SECRET: 'a-secret-of-the-sample-of-32-characters',
  }
  const env = { TOOLS: '', TOOLS_FILE, ...exchange }
  served = await serveGateway({ issuer: issuer.url, functionsBase: base, env })
})
afterAll(async () => {
  await served[Symbol.asyncDispose]()
  await listener.close()
  await issuer[Symbol.asyncDispose]()
})

async function connect(capabilities: Readonly<Record<string, object>>) {
  const claims = { sub: 'auth0|alice', scope: 'events:read events:write' }
  const requestInit = { headers: { authorization: `Bearer ${await issuer.token(claims)}` } }
  const client = new Client(
    { name: 't', version: '1' },
    { capabilities, versionNegotiation: { mode: { pin: '2026-07-28' } } },
  )
  const url = new URL(`${served.url}/mcp`)
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit }))
  return client
}

async function eventIds(client: Client) {
  const { structuredContent } = await client.callTool({ name: 'listEvents', arguments: {} })
  return (structuredContent as { events: { id: string }[] }).events.map(({ id }) => id)
}

test('deleteEvent asks the user first and keeps the event if the user declines', async () => {
  const client = await connect({ elicitation: { form: {} } })
  const messages: string[] = []
  let sure: boolean | undefined
  client.setRequestHandler('elicitation/create', ({ params }) => {
    messages.push(params.message)
    return sure === undefined ? { action: 'decline' } : { action: 'accept', content: { sure } }
  })
  const remove = () => client.callTool({ name: 'deleteEvent', arguments: { eventId: 'a2' } })

  const kept = {
    isError: true,
    content: [{ type: 'text', text: 'The user declined to delete the event.' }],
  }
  expect(await remove()).toMatchObject(kept)
  sure = false
  expect(await remove()).toMatchObject(kept)
  expect(await eventIds(client)).toContain('a2')
  sure = true
  expect(await remove()).not.toHaveProperty('isError')
  expect(await eventIds(client)).toEqual(['a3', 'a1'])
  expect(messages).toEqual(Array(3).fill('Delete "Dentist, 2026-12-03"?'))
  await client.close()
})

test('deleteEvent deletes the event without a question if the client does not support forms', async () => {
  const client = await connect({ elicitation: { url: {} } })
  const result = await client.callTool({ name: 'deleteEvent', arguments: { eventId: 'a3' } })
  expect(result).not.toHaveProperty('isError')
  expect(await eventIds(client)).toEqual(['a1'])
  await client.close()
})

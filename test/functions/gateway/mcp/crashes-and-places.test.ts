import { expect, test } from 'vitest'
import { parseGatewayConfig } from '../../../../functions/gateway/config.ts'
import { createGateway } from '../../../../functions/gateway/handler.ts'
import { callOf, post } from '../../../support/gateway/mcp.ts'
import { gatewayStack } from '../../../support/gateway/stack.ts'
import { HMAC_SECRET, type Served, serve } from '../../../support/http/serve.ts'

const { issuer, backend, start, endAfterTest } = await gatewayStack()

/** Longer than the JSON that is read without the queue. */
const LONG = { pad: 'x'.repeat(20_000) }
const SHAPED = { scopes: [], outputSchema: { type: 'object' } }
const TOOLS = JSON.stringify({ shaped: SHAPED, plain: { scopes: [] }, broken: { scopes: [] } })

const bug = () => {
  throw new TypeError('a bug')
}

/** Starts a gateway that crashes when it checks the output of `shaped` or the input of `broken`. */
async function startCrashing(): Promise<Served> {
  const config = parseGatewayConfig({
    PUBLIC_URL: 'https://mcp.test',
    OAUTH_ISSUER: issuer.url,
    FUNCTIONS_BASE: backend.url,
    GATEWAY_HMAC_SECRET: HMAC_SECRET,
    TOOLS,
  })
  const catalogue = new Map(config.catalogue)
  for (const [name, tool] of config.catalogue) {
    if (name === 'shaped') catalogue.set(name, { ...tool, validateOutput: bug })
    if (name === 'broken') catalogue.set(name, { ...tool, validateInput: bug })
  }
  const served = await serve('gateway', (_, log) =>
    createGateway({ ...config, catalogue }, { log }),
  )
  endAfterTest(served)
  return served
}

test('a crash while a long result of a batch is read does not block later long requests', async () => {
  const served = await startCrashing()
  backend.script('shaped', { body: LONG })
  const crashed = await post(served, [callOf('shaped'), { ...callOf('plain'), id: 2 }])
  expect(crashed.status).toBe(500)
  expect((await post(served, callOf('plain', LONG))).status).toBe(200)
})

test.each([{}, LONG])(
  'a crash while arguments are checked has both audit records',
  async (args) => {
    const served = await startCrashing()
    expect((await post(served, callOf('broken', args))).status).toBe(500)
    const audited = served.lines.filter(({ tool }) => tool === 'broken')
    expect(audited).toMatchObject([
      { message: 'tool_called', decision: 'allowed' },
      { message: 'tool_answered', severity: 'ERROR', status: 500, reason: 'internal_error' },
    ])
    expect((await post(served, callOf('plain', LONG))).status).toBe(200)
  },
)

test('a batch of 50 long calls, some of which fail, does not block later long requests', async () => {
  const served = await start({ TOOLS, BACKEND_TIMEOUT_MS: '60000' })
  backend.script('shaped', { body: [LONG] })
  backend.script('plain', { body: LONG })
  const names = ['plain', 'shaped', 'unknown']
  const batch = Array.from({ length: 50 }, (_, id) => ({
    ...callOf(names[id % names.length] ?? '', LONG),
    id,
  }))
  const answers = (await post(served, batch)).json<{ error?: object; result?: Result }[]>()
  const kinds = answers.map(({ error, result }) => [error !== undefined, result?.isError === true])
  const expected = [
    [false, false],
    [false, true],
    [true, false],
  ]
  expect(kinds).toEqual(batch.map((_, id) => expected[id % names.length]))
  expect((await post(served, callOf('plain', LONG))).status).toBe(200)
  const reasons = served.lines.filter(({ message }) => message === 'tool_answered')
  expect(reasons).toHaveLength(
    served.lines.filter(({ message }) => message === 'tool_called').length,
  )
})

interface Result {
  readonly isError?: boolean
}

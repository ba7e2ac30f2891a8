import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { doctorReport, idsOf } from '../../support/auth0/doctor.ts'
import {
  type Front,
  type FrontAnswer,
  type Misbehaviour,
  startFront,
} from '../../support/http/front.ts'
import { challenge, isMcp } from '../../support/http/misbehaviour.ts'

test('doctor reports no fault for a public tool that is called without a token', async () => {
  const TOOL_SCOPES_JSON = '{"about":[],"listEvents":["events:read"]}'
  await using open = await startFront({ TOOLS: '', TOOL_SCOPES_JSON })
  expect(idsOf(await doctorReport([open.url]))).toEqual([])
  open.misbehaves = { request: ({ headers: { authorization: _, ...headers } }) => ({ headers }) }
  expect(idsOf(await doctorReport([open.url]))).toEqual(['authorization_stripped'])
})

describe('doctor with a public and a protected tool', () => {
  let open: Front
  beforeAll(async () => {
    const TOOL_SCOPES_JSON = '{"about":[],"listEvents":["events:read"]}'
    open = await startFront({ TOOLS: '', TOOL_SCOPES_JSON })
  })
  afterAll(() => open?.[Symbol.asyncDispose]())
  beforeEach(() => {
    open.misbehaves = {}
  })

  test('checks the challenge and the sign-in in ChatGPT with the protected tool', async () => {
    const { checked, skipped } = await doctorReport([open.url])
    const names = checked.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['challenge', 'sign-in in ChatGPT']))
    expect(skipped.filter(({ reason }) => reason.includes('401'))).toEqual([])
  })

  test.each([
    ['a missing challenge', challenge(() => ''), ['challenge_missing']],
    [
      'a missing sign-in in ChatGPT',
      { request: () => ({}), answer: withoutSignIn },
      ['chatgpt_sign_in_not_offered'],
    ],
    [
      'a protected tool that accepts unauthenticated calls',
      { answer: letIn },
      ['unauthenticated_allowed'],
    ],
  ] satisfies (readonly [string, Misbehaviour, readonly string[]])[])(
    'reports %s',
    async (_, misbehaves, ids) => {
      open.misbehaves = misbehaves
      expect(idsOf(await doctorReport([open.url]))).toEqual(expect.arrayContaining(ids))
    },
  )
})

/** Drops the challenge from the tool result. */
function withoutSignIn({ body }: FrontAnswer) {
  return { body: body.replaceAll('mcp/www_authenticate', 'mcp/other') }
}

/** Replaces the response to every refused call by a tool result. */
function letIn({ status, body }: FrontAnswer, { path, method }: { path: string; method: string }) {
  if (!isMcp(path) || method !== 'POST' || (status === 200 && !body.includes('www_authenticate'))) {
    return undefined
  }
  const headers = { 'content-type': 'application/json' }
  return { status: 200, headers, body: '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}' }
}

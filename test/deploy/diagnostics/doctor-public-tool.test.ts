import { beforeEach, describe, expect, test } from 'vitest'
import { doctorReport, idsOf } from '../../support/auth0/doctor.ts'
import { startedForAllTests } from '../../support/each-test.ts'
import { type FrontAnswer, type Misbehaviour, startFront } from '../../support/http/front.ts'
import { challenge, isMcp } from '../../support/http/misbehaviour.ts'

test('reports nothing for a public tool, which accepts calls without a token', async () => {
  const TOOL_SCOPES_JSON = '{"about":[],"listEvents":["events:read"]}'
  await using open = await startFront({ TOOLS: '', TOOL_SCOPES_JSON })
  expect(idsOf(await doctorReport([open.url]))).toEqual([])
  open.misbehaves = { request: ({ headers: { authorization: _, ...headers } }) => ({ headers }) }
  expect(idsOf(await doctorReport([open.url]))).toEqual(['authorization_stripped'])
})

describe('with public and protected tools', () => {
  const TOOL_SCOPES_JSON = '{"about":[],"listEvents":["events:read"]}'
  const open = startedForAllTests(() => startFront({ TOOLS: '', TOOL_SCOPES_JSON }))
  beforeEach(() => {
    open.misbehaves = {}
  })

  test('checks the challenge and the sign-in of ChatGPT with a protected tool', async () => {
    const { checked, skipped } = await doctorReport([open.url])
    const names = checked.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['challenge', 'sign-in in ChatGPT']))
    expect(skipped.filter(({ reason }) => reason.includes('401'))).toEqual([])
  })

  test('states why it skips the check of a challenge that a page gets', async () => {
    const { skipped } = await doctorReport([open.url])
    expect(skipped).toContainEqual({
      group: 'outside',
      name: 'CORS of the challenge',
      title: 'A web page can read the challenge',
      reason: 'because of a public tool, a page connects without a challenge',
    })
  })

  test.each([
    ['a missing challenge', challenge(() => ''), ['challenge_missing']],
    [
      'a sign-in that is not offered',
      { request: () => ({}), answer: withoutSignIn },
      ['chatgpt_sign_in_not_offered'],
    ],
    ['a protected tool that requires no token', { answer: letIn }, ['unauthenticated_allowed']],
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

/** Answers every refused call as if a tool had run. */
function letIn({ status, body }: FrontAnswer, { path, method }: { path: string; method: string }) {
  if (!isMcp(path) || method !== 'POST' || (status === 200 && !body.includes('www_authenticate'))) {
    return undefined
  }
  const headers = { 'content-type': 'application/json' }
  return { status: 200, headers, body: '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}' }
}

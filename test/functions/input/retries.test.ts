import { describe, expect, test, vi } from 'vitest'
import { InputError, readInputResponses } from '../../../functions/gateway/input/answers.ts'
import { atOnce } from '../../../shared/json/turns.ts'
import { readingKept } from '../../../shared/json/written-numbers.ts'
import { bearer } from '../../support/gateway/mcp.ts'
import {
  ACCEPTED,
  BOTH,
  type Call,
  questionStack,
  STATE,
  text,
} from '../../support/gateway/questions.ts'
import { HMAC_SECRET, statelessRequest } from '../../support/http/serve.ts'

const { issuer, backend, served, start, call, stateOf, audits } = await questionStack()

/** More names than the gateway's own reader accepts in one object. */
const MANY_NAMES = Array.from({ length: 21_000 }, (_, at) => `"n${at}":1`).join()
const BRACKETS = Array(3)
  .fill(`"${'{'.repeat(3_000)}"`)
  .join()

describe('a retry', () => {
  const REFUSED = {
    code: -32602,
    message:
      'Invalid params: requestState is not valid for this call; call the tool again without it.',
  }
  const refused = async (options: Call, reason: string) => {
    backend.calls.length = 0
    served.lines.length = 0
    const { error } = await call(options)
    expect(error).toEqual(REFUSED)
    expect(audits('tool_called')).toEqual([{ decision: 'denied', reason }])
    expect(audits('tool_answered')).toEqual([])
    expect(backend.calls).toEqual([])
  }

  test.each<[string, Partial<Call>, string]>([
    ['another user', { claims: { sub: 'auth0|eve' } }, 'request_state_other_caller'],
    ['another client', { claims: { client_id: 'other' } }, 'request_state_other_caller'],
    ['another tool', { name: 'wait' }, 'request_state_other_tool'],
    ['other arguments', { args: { x: 2 } }, 'request_state_other_arguments'],
  ])('with a state that was issued for %s is refused', async (_, changes, reason) => {
    const first = { name: 'greet', args: { x: 1 } }
    const requestState = await stateOf(first)
    const claims = { scope: 'events:read', ...changes.claims }
    const retry = { requestState, inputResponses: ACCEPTED }
    await refused({ ...first, ...changes, claims, retry }, reason)
  })

  test('with a state that is altered, invented, too long or not a string is refused', async () => {
    const requestState = await stateOf({ name: 'greet' })
    const states = [
      `${requestState}-TAMPERED`,
      requestState.slice(1),
      `${requestState}=`,
      '',
      STATE,
    ]
    for (const changed of [...states, 5, { a: 1 }]) {
      const retry = { requestState: changed, inputResponses: ACCEPTED }
      await refused({ name: 'greet', retry }, 'request_state_forged')
    }
    const retry = { requestState: 'A'.repeat(40_000) }
    await refused({ name: 'greet', retry }, 'request_state_too_large')
  })

  test('after ten minutes is refused', async () => {
    const requestState = await stateOf({ name: 'greet' })
    const retry = { requestState, inputResponses: ACCEPTED }
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      vi.setSystemTime(Date.now() + 601_000)
      const exp = Math.floor(Date.now() / 1000) + 60
      await refused(
        { name: 'greet', claims: { exp, iat: exp - 60 }, retry },
        'request_state_expired',
      )
    } finally {
      vi.useRealTimers()
    }
  })

  test('with its arguments in another order is accepted', async () => {
    const requestState = await stateOf({ name: 'greet', args: { x: 1, y: { a: 1, b: 2 } } })
    const retry = { requestState, inputResponses: ACCEPTED }
    const { result } = await call({ name: 'greet', args: { y: { b: 2, a: 1 }, x: 1 }, retry })
    expect(result).toMatchObject(text('accept Ada true'))
  })

  test('without the scope of the tool gets 403 without a call', async () => {
    const requestState = await stateOf({ name: 'greet' })
    const retry = { requestState, inputResponses: ACCEPTED }
    backend.calls.length = 0
    const { status } = await call({ name: 'greet', claims: { scope: 'other' }, retry })
    expect(status).toBe(403)
    expect(backend.calls).toEqual([])
  })

  test.each<[string, unknown]>([
    ['not an object', { who: 12345 }],
    ['another action', { who: { action: 'maybe' } }],
    ['a nested value', { who: { action: 'accept', content: { name: { first: 'Ada' } } } }],
    ['a list of values', { who: { action: 'accept', content: [1] } }],
    ['a list', ['accept']],
    ['a string', 'accept'],
    [
      '101 answers',
      Object.fromEntries(Array.from({ length: 101 }, (_, at) => [at, { action: 'cancel' }])),
    ],
  ])('with malformed answers (%s) gets error -32602', async (_, inputResponses) => {
    const { error } = await call({ name: 'greet', retry: { inputResponses } })
    expect(error).toMatchObject({ code: -32602 })
    expect(audits('tool_called')).toEqual([
      { decision: 'denied', reason: 'input_responses_invalid' },
    ])
    expect(backend.calls).toEqual([])
  })

  test('with malformed answers is refused at the first wrong item', () => {
    const read: PropertyKey[] = []
    const items = new Proxy(Array(1_000).fill(1), {
      get: (list, key) => {
        read.push(key)
        return Reflect.get(list, key)
      },
    })
    const role = { role: 'user', model: 'm' }
    for (const answer of [
      { action: 'accept', content: { list: items } },
      { ...role, content: items },
      { roots: items },
    ]) {
      read.length = 0
      expect(() => readInputResponses({ answer }, true)).toThrow(InputError)
      // JSON.stringify reads each of them, too.
      expect(read.filter((key) => key === '999')).toHaveLength(1)
    }
  })

  test.each(['decline', 'cancel'])('with the action %s reaches the backend', async (action) => {
    const requestState = await stateOf({ name: 'greet' })
    const retry = { requestState, inputResponses: { who: { action } } }
    const { result } = await call({ name: 'greet', retry })
    expect(result).toMatchObject(text(`${action} undefined true`))
  })

  test('with null for state and answers counts as a first call', async () => {
    const { result } = await call({
      name: 'greet',
      retry: { requestState: null, inputResponses: null },
    })
    expect(result).toMatchObject({ resultType: 'input_required' })
    expect(backend.calls[0]?.body).toBe('{}')
  })

  test('is accepted after a rotation of the secret', async () => {
    const requestState = await stateOf({ name: 'greet' })
    await using changed = await start({
      GATEWAY_HMAC_SECRET: `a-newer-secret-0123456789-0123456789,${HMAC_SECRET}`,
    })
    const retry = { requestState, inputResponses: ACCEPTED }
    const { result } = await call({ name: 'greet', retry, gateway: changed })
    expect(result).toMatchObject(text('accept Ada true'))
  })

  /** Calls a tool with the text of its arguments. */
  const sendText = async (name: string, args: string, retry: object = {}, capabilities = {}) => {
    const { headers, body } = statelessRequest('tools/call', { name, arguments: '@' })
    const { params } = body
    const meta = { ...params._meta, 'io.modelcontextprotocol/clientCapabilities': capabilities }
    const message = { ...body, params: { ...params, ...retry, _meta: meta } }
    const answer = await served.send({
      method: 'POST',
      path: '/mcp',
      headers: { ...headers, ...bearer(await issuer.token({ scope: 'events:read' })) },
      body: JSON.stringify(message).replace('"@"', () => args),
    })
    return answer.json<{ result: { requestState: string } }>().result
  }

  test('is accepted with the same long arguments in another spelling', async () => {
    const first = `{"x":"${'\\u00e9'.repeat(15_000)}","y":1}`
    const { requestState } = await sendText('greet', first, {}, BOTH)
    // So many answers that the gateway reads the body in another way.
    const responses = Array.from({ length: 99 }, (_, at) => [`a${at}`, { action: 'cancel' }])
    const inputResponses = { ...ACCEPTED, ...Object.fromEntries(responses) }
    const again = `{ "y":1, "x":"${'é'.repeat(15_000)}" }`
    const result = await sendText('greet', again, { requestState, inputResponses }, BOTH)
    expect(result).toMatchObject(text('accept Ada true'))
  })

  test.each([
    ['a blank', `{"x": "${'x'.repeat(70_000)}"}`],
    ['escapes', `{"x":"${'\\u0078'.repeat(15_000)}"}`],
    ['integer names', `{"x":"${'x'.repeat(70_000)}","y":{"2":1,"1":0}}`],
    ['many names, and a string with a number', `{"x":" 1.0","y":{${MANY_NAMES}}}`],
    ['many blanks, and a string with a number', `{"x":${' '.repeat(70_000)}"\\n 1.0"}`],
    ['many blanks, and strings of brackets', `{"x":${' '.repeat(70_000)}[${BRACKETS}]}`],
  ])('without capabilities is accepted with the same long arguments: %s', async (_, args) => {
    const { requestState } = await sendText('wait', args)
    expect(await sendText('wait', args, { requestState })).toMatchObject(text('now'))
  })

  test('with answers that V8 would read as others is refused', async () => {
    const sent = (second: string) =>
      `{"zq1":{"action":"cancel"},"${second}":{"action":"NONSENSE","x":1.0},"\\\\":{"action":"cancel"}}`
    for (const end of ['', ',"z":{"action":"cancel"}']) {
      JSON.parse(`{"zq1":{"action":"cancel"},"\\\\":{"action":"cancel","x":1}${end}}`)
    }
    const kept = atOnce(readingKept(sent('\\n')))
    expect(() => readInputResponses(kept?.value, false)).toThrow(InputError)
  })
})

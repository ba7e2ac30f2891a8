import { EventEmitter } from 'node:events'
import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import {
  createByteBudget,
  createResponseBudget,
} from '../../../../functions/gateway/backend/response-budget.ts'
import { send } from '../../../../functions/gateway/backend/send.ts'
import { listen } from '../../../support/http/listen.ts'

const KIB = 1024

/** Requests that the test closes. */
function openRequests(
  budget: ReturnType<typeof createResponseBudget>,
  count: number,
  owner?: (index: number) => string,
) {
  return Array.from({ length: count }, (_, index) => {
    const events = new EventEmitter()
    // By default each request is from another user.
    const subject = owner?.(index) ?? `user ${index}`
    const share = budget.open((listener) => events.once('close', listener), subject)
    return { share, close: () => events.emit('close') }
  })
}

test('a byte budget refuses bytes beyond its limit', () => {
  const budget = createByteBudget(10)
  expect([budget.take(4), budget.take(6), budget.take(1)]).toEqual([true, true, false])
  expect(budget.room()).toBeUndefined()
})

test('small responses do not count as held', () => {
  const budget = createResponseBudget(100 * KIB, 0)
  const requests = openRequests(budget, 100)
  for (const { share } of requests) {
    expect(share.take(64 * KIB)).toBe(true)
    expect(share.room()).toBeUndefined()
  }
  expect(budget.held()).toBe(0)
})

test('one request cannot exceed its own limit', () => {
  const [request] = openRequests(createResponseBudget(100 * KIB, 1024 * KIB), 1)
  expect(request?.share.take(100 * KIB)).toBe(true)
  expect(request?.share.take(1)).toBe(false)
})

test('beyond the total limit the first request continues and the others wait until it closes', async () => {
  const budget = createResponseBudget(1024 * KIB, 200 * KIB)
  const [first, second, third] = openRequests(budget, 3)
  for (const request of [first, second, third]) request?.share.take(100 * KIB)
  expect(budget.held()).toBe(300 * KIB)
  expect(first?.share.room()).toBeUndefined()
  const room = second?.share.room()
  expect(room).toBeInstanceOf(Promise)
  expect(third?.share.room()).toBeInstanceOf(Promise)
  first?.share.take(500 * KIB)
  first?.close()
  await room
  expect(budget.held()).toBe(200 * KIB)
  expect(second?.share.room()).toBeUndefined()
  second?.close()
  third?.close()
  expect(budget.held()).toBe(0)
})

test('all waiting calls of a request continue when there is room', async () => {
  const budget = createResponseBudget(1024 * KIB, 100 * KIB)
  const [first, batch, last] = openRequests(budget, 3)
  for (const request of [first, batch, last]) request?.share.take(100 * KIB)
  const rooms = [batch?.share.room(), batch?.share.room()]
  const gone = last?.share.room()
  last?.close()
  await gone
  first?.close()
  await Promise.all(rooms)
  expect(budget.held()).toBe(100 * KIB)
})

test('bytes received after a request closes do not count as held', () => {
  const budget = createResponseBudget(1024 * KIB, 200 * KIB)
  const [request] = openRequests(budget, 1)
  request?.share.take(100 * KIB)
  request?.close()
  request?.share.take(100 * KIB)
  expect(budget.held()).toBe(0)
  expect(request?.share.room()).toBeUndefined()
})

test('twenty concurrent long responses all arrive within the total limit', async () => {
  const body = Buffer.alloc(2048 * KIB, 'x')
  const server = createServer((req, res) => req.resume().on('end', () => res.end(body)))
  await using listening = await listen(server)
  const maxHeld = 3 * 1024 * KIB
  const budget = createResponseBudget(4096 * KIB, maxHeld)
  let mostHeld = 0
  const answers = openRequests(budget, 20).map(async ({ share, close }) => {
    const counted = {
      ...share,
      take: (bytes: number) => {
        const isAllowed = share.take(bytes)
        mostHeld = Math.max(mostHeld, budget.held())
        return isAllowed
      },
    }
    const sent = { method: 'POST', origin: listening.url, path: '/', headers: {}, body: '{}' }
    const answer = await send(sent, { timeoutMs: 60_000, budget: counted })
    close()
    return answer.body.length
  })
  expect(await Promise.all(answers)).toEqual(Array.from(answers, () => body.length))
  // One response can exceed the limit, and one chunk of each other response may be in transit.
  expect(mostHeld).toBeLessThan(maxHeld + body.length + 20 * 128 * KIB)
  expect(budget.held()).toBe(0)
})

test('one user holds at most half, unless its request is the oldest', async () => {
  const budget = createResponseBudget(1024 * KIB, 400 * KIB)
  const requests = openRequests(budget, 4, (index) => (index < 3 ? 'alice' : 'bob'))
  const [first, second, third, other] = requests
  for (const request of [first, second, third]) request?.share.take(100 * KIB)
  expect(budget.held()).toBe(300 * KIB)
  expect(first?.share.room()).toBeUndefined()
  const room = second?.share.room()
  expect(room).toBeInstanceOf(Promise)
  other?.share.take(100 * KIB)
  expect(other?.share.room()).toBeUndefined()
  third?.close()
  await room
  expect(second?.share.room()).toBeUndefined()
})

test('all anonymous callers share one half', () => {
  const budget = createResponseBudget(1024 * KIB, 400 * KIB)
  const shares = Array.from({ length: 3 }, () => budget.open(() => undefined))
  for (const share of shares) share.take(100 * KIB)
  expect(shares.map((share) => share.room() === undefined)).toEqual([true, false, false])
})

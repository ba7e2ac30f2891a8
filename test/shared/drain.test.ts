import {
  createServer,
  get,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { drainOnSignal } from '../../shared/http/drain.ts'

const SIGNALS = ['SIGTERM', 'SIGINT'] as const
const ours = () => undefined
const frameworks = () => undefined

let server: Server
let inFlight: Set<ServerResponse>
let exited: number[]
let port: number

beforeEach(() => {
  // No timer of a drain may outlive its test: it would end the process of all other tests.
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  exited = []
  inFlight = new Set()
  server = createServer((_req, res) => void inFlight.add(res))
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    exited.push(Number(code))
    return undefined as never
  })
  for (const signal of SIGNALS) process.on(signal, ours)
})
afterEach(async () => {
  vi.clearAllTimers()
  vi.useRealTimers()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  vi.restoreAllMocks()
  for (const signal of SIGNALS) {
    for (const listener of newListeners(signal)) process.removeListener(signal, listener)
    process.removeListener(signal, ours)
    process.removeListener(signal, frameworks)
  }
})

/** Listens as functions-framework does, which registers its signal handlers when it listens. */
async function listen({ withHandlers = true } = {}): Promise<void> {
  drainOnSignal(server, inFlight)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      if (withHandlers) for (const signal of SIGNALS) process.on(signal, frameworks)
      resolve()
    })
  })
  port = (server.address() as AddressInfo).port
  await new Promise(setImmediate)
}

let before: ReadonlySet<unknown> = new Set()
beforeEach(() => {
  before = new Set(SIGNALS.flatMap((signal) => process.listeners(signal)))
})
const newListeners = (signal: NodeJS.Signals) =>
  process.listeners(signal).filter((listener) => !before.has(listener))

const signalDrain = () => {
  for (const listener of newListeners('SIGTERM')) listener('SIGTERM')
}
const ask = () =>
  new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent: false }, resolve).on('error', reject)
  })

test("the framework's handlers give way, all others stay", async () => {
  await listen()
  for (const signal of SIGNALS) {
    expect(process.listeners(signal)).toContain(ours)
    expect(process.listeners(signal)).not.toContain(frameworks)
    expect(newListeners(signal)).toHaveLength(1)
  }
})

test('where the framework registers none, the process is not ours to end', async () => {
  await listen({ withHandlers: false })
  for (const signal of SIGNALS) expect(newListeners(signal)).toEqual([])
})

test('what is in flight is answered on a connection that closes, then the process ends', async () => {
  await listen()
  const answer = ask()
  await vi.waitUntil(() => inFlight.size === 1, 10_000)
  signalDrain()
  await vi.waitUntil(() => !server.listening, 10_000)
  await expect(ask()).rejects.toThrow('ECONNREFUSED')
  expect(exited).toEqual([])
  for (const res of inFlight) res.end('done')
  expect((await answer).headers.connection).toBe('close')
  await vi.waitUntil(() => exited.length > 0, 10_000)
  expect(exited).toEqual([0])
})

test('what does not end in 9 s is cut off', async () => {
  await listen()
  void ask().catch(() => undefined)
  await vi.waitUntil(() => inFlight.size === 1, 10_000)
  signalDrain()
  vi.advanceTimersByTime(8_999)
  expect(exited).toEqual([])
  vi.advanceTimersByTime(1)
  expect(exited).toEqual([1])
  // Here, where the process goes on, the drain does too; it has to end within this test.
  await vi.waitUntil(() => !server.listening, 10_000)
})

test('without anything in flight the process ends at once', async () => {
  await listen()
  signalDrain()
  await vi.waitUntil(() => exited.length > 0, 10_000)
  expect(exited).toEqual([0])
})

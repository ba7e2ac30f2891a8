import {
  createServer,
  get,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { drainOnSignal } from '../../shared/http/drain.ts'
import { createInFlight, type InFlight } from '../../shared/http/in-flight.ts'

const SIGNALS = ['SIGTERM', 'SIGINT'] as const
const ours = () => undefined
const frameworks = () => undefined

let server: Server
let inFlight: InFlight
let exited: number[]
let port: number

beforeEach(() => {
  // A timer of a drain that outlives its test would end the process of all other tests.
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  exited = []
  inFlight = createInFlight()
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

test("the framework's signal handlers are replaced, and other handlers remain", async () => {
  await listen()
  for (const signal of SIGNALS) {
    expect(process.listeners(signal)).toContain(ours)
    expect(process.listeners(signal)).not.toContain(frameworks)
    expect(newListeners(signal)).toHaveLength(1)
  }
})

test('a signal has a handler at each moment of the replacement', async () => {
  const counts: number[] = []
  const onRemove = (name: string | symbol) => {
    if (name === 'SIGTERM') counts.push(newListeners(name).length)
  }
  process.on('removeListener', onRemove)
  await listen()
  process.off('removeListener', onRemove)
  expect(counts).toEqual([1])
})

test('no signal handler is added if the framework registers none', async () => {
  await listen({ withHandlers: false })
  for (const signal of SIGNALS) expect(newListeners(signal)).toEqual([])
})

test('requests in flight are answered with Connection: close, then the process exits', async () => {
  await listen()
  const answer = ask()
  await vi.waitUntil(() => inFlight.all().length === 1, 120_000)
  signalDrain()
  await vi.waitUntil(() => !server.listening, 120_000)
  await expect(ask()).rejects.toThrow('ECONNREFUSED')
  expect(exited).toEqual([])
  for (const res of inFlight.all()) res.end('done')
  expect((await answer).headers.connection).toBe('close')
  await vi.waitUntil(() => exited.length > 0, 120_000)
  expect(exited).toEqual([0])
})

test('all pipelined requests are answered after slots were used in another order', async () => {
  await listen()
  for (const slot of [response(), response()].map(inFlight.add)) inFlight.remove(slot)
  const socket = connect(port, '127.0.0.1')
  const request = 'GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n'
  socket.write(request + request)
  await vi.waitUntil(() => inFlight.all().length === 2, 120_000)
  signalDrain()
  for (const [index, res] of inFlight.all().entries()) res.end(`answer ${index}`)
  const answers = await text(socket)
  expect(answers.match(/answer \d|connection: close/gi)).toEqual([
    'answer 0',
    'connection: close',
    'answer 1',
  ])
  await vi.waitUntil(() => exited.length > 0, 120_000)
})

test('requests that take longer than 9 s are cut off', async () => {
  await listen()
  void ask().catch(() => undefined)
  await vi.waitUntil(() => inFlight.all().length === 1, 120_000)
  signalDrain()
  vi.advanceTimersByTime(8_999)
  expect(exited).toEqual([])
  vi.advanceTimersByTime(1)
  expect(exited).toEqual([1])
  // In the test the process and the drain continue, so wait for the end of the drain.
  await vi.waitUntil(() => !server.listening, 120_000)
})

test('the process exits immediately if no request is in flight', async () => {
  await listen()
  signalDrain()
  await vi.waitUntil(() => exited.length > 0, 120_000)
  expect(exited).toEqual([0])
})

/** A response that ends before the drain begins. */
function response(): ServerResponse {
  return {} as ServerResponse
}

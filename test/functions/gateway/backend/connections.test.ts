import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { connectTo } from '../../../../functions/gateway/backend/send.ts'
import { backendCalls, callAbout, reasonsIn } from '../../../support/gateway/backend-calls.ts'
import { JSON_TYPE } from '../../../support/gateway/mcp.ts'
import { call, PLENTY } from '../../../support/gateway/send-to.ts'
import { gatewayStack } from '../../../support/gateway/stack.ts'

const stack = await gatewayStack()
const { issuer, backend, start } = stack
const { onlyCall } = backendCalls(stack)

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

const RESET = "socket.on('close', done).resetAndDestroy()"

/**
 * A backend in another thread that responds with the number of the call, and 20 ms later ends the
 * connection by the statement `end` about `socket`, which calls `done`.
 */
async function startEndingBackend(end: string) {
  const ends = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(
    `const { parentPort, workerData: ends } = require('node:worker_threads')
    let calls = 0
    const server = require('node:http').createServer((req, res) => {
      req.resume().on('end', () => res.end(String(++calls), () => setTimeout(() => {
        const { socket } = req
        const done = () => {
          Atomics.add(ends, 0, 1)
          Atomics.notify(ends, 0)
        }
        ${end}
      }, 20)))
    })
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))`,
    { eval: true, workerData: ends },
  )
  const [port] = await once(worker, 'message')
  /** Blocks this thread until `count` connections have ended, so that it handles none of these events. */
  const outlive = (count: number) => {
    for (let seen = 0; seen < count; seen = Atomics.load(ends, 0)) {
      Atomics.wait(ends, 0, seen, 5_000)
    }
  }
  return { port, worker, outlive }
}

function startResettingBackend() {
  return startEndingBackend(RESET)
}

/** The response body or the failure. */
function postTo(port: number, body: string, timeoutMs = 120_000): Promise<string> {
  return call(port, { method: 'POST', path: '/about', body }, PLENTY, timeoutMs)
}

/** After these, the connection of the last call is idle. */
async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await nextTurn()
}

afterEach(() => void vi.useRealTimers())

describe('connections to backends', () => {
  test('a call to the backend is aborted when the client disconnects', async () => {
    backend.script('about', { delayMs: 5_000 })
    const served = await start()
    const controller = new AbortController()
    const call = served.send({
      method: 'POST',
      path: '/tools/about',
      headers: JSON_TYPE,
      body: {},
      signal: controller.signal,
    })
    await until(() => backend.calls.length === 1)
    controller.abort()
    await expect(call).rejects.toThrow()
    await onlyCall().abandoned
    await until(() => reasonsIn(served).length === 1)
    expect(reasonsIn(served)).toEqual(['backend_aborted'])
  })

  test('the backend is not called if the client disconnects while its token is verified', async () => {
    const served = await start()
    const authorization = `Bearer ${await issuer.token()}`
    const gone = Promise.withResolvers<void>()
    issuer.staged.after = gone.promise
    const controller = new AbortController()
    const call = served.send({
      method: 'POST',
      path: '/tools/listEvents',
      headers: { ...JSON_TYPE, authorization },
      body: {},
      signal: controller.signal,
    })
    issuer.requests.length = 0
    await until(() => issuer.requests.length === 1)
    controller.abort()
    await expect(call).rejects.toThrow()
    // The gateway reads the end of the connection before it reads this later request.
    await served.send({ path: '/openapi.json' })
    gone.resolve()
    await until(() => reasonsIn(served).length === 1)
    expect(reasonsIn(served)).toEqual(['backend_aborted'])
    expect(backend.calls).toEqual([])
  })

  test('a connection is reused', async () => {
    const served = await start()
    for (let calls = 0; calls < 5; calls += 1) await callAbout(served)
    expect(new Set(backend.calls.map(({ port }) => port)).size).toBe(1)
  })

  test('a connection is reused after error responses', async () => {
    const served = await start()
    for (const status of [200, 404, 500, 302, 204]) {
      backend.script('about', { status, body: status === 204 ? '' : {} })
      await callAbout(served)
    }
    expect(new Set(backend.calls.map(({ port }) => port)).size).toBe(1)
  })

  const anotherResponse = 'HTTP/1.1 200 OK\\r\\ncontent-length: 7\\r\\n\\r\\nanother'
  const timeout = 'HTTP/1.1 408 Request Timeout\\r\\ncontent-length: 0\\r\\n\\r\\n'
  const cases = [1, 10_000].flatMap((size) => [
    { size, idleTurns: 0 },
    { size, idleTurns: 5 },
  ])

  describe.each([
    ['is reset', RESET],
    ['is closed', 'socket.end(done)'],
    ['is closed with a response', `socket.end('${timeout}', done)`],
    ['carries another response', `socket.write('${anotherResponse}', done)`],
  ])('a keep-alive connection that %s', (_, end) => {
    const name = 'before a call of $size bytes, after $idleTurns idle turns, is replaced'
    test.each(cases)(name, async ({ size, idleTurns }) => {
      const { port, worker, outlive } = await startEndingBackend(end)
      expect(await postTo(port, 'x'.repeat(size))).toBe('1')
      await turns(idleTurns)
      outlive(1)
      expect(await postTo(port, 'x'.repeat(size))).toBe('2')
      expect(await postTo(port, 'x'.repeat(size))).toBe('3')
      await worker.terminate()
    })
  })

  test('all keep-alive connections that were reset are replaced', async () => {
    const { port, worker, outlive } = await startResettingBackend()
    await Promise.all([postTo(port, 'first'), postTo(port, 'second')])
    outlive(2)
    expect(await postTo(port, 'x')).toBe('3')
    await worker.terminate()
  })

  // On a busy machine the reset may be read before the call, which is another case.
  test.each([
    [1, '2'],
    // A part of it may have been sent.
    [10_000, 'unreachable'],
  ])(
    'a call of %d bytes on a connection that is reset later',
    { retry: 5 },
    async (size, result) => {
      vi.useFakeTimers({ toFake: ['hrtime'] })
      const { port, worker, outlive } = await startResettingBackend()
      expect(await postTo(port, 'first')).toBe('1')
      await turns()
      // After it, the connection is read again before the call.
      vi.advanceTimersByTime(1_000)
      // Between this read and the write.
      setImmediate(() => setImmediate(() => outlive(1)))
      expect(await postTo(port, 'x'.repeat(size))).toBe(result)
      await worker.terminate()
    },
  )

  test('a first call on an early connection that is reset unused', async () => {
    const isReset = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(
      `const { parentPort, workerData: isReset } = require('node:worker_threads')
      const server = require('node:http').createServer((req, res) => res.end('answered'))
      server.once('connection', (socket) => {
        parentPort.postMessage('connected')
        parentPort.once('message', () => socket.resetAndDestroy().once('close', () => {
          Atomics.store(isReset, 0, 1)
          Atomics.notify(isReset, 0)
        }))
      })
      server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))`,
      { eval: true, workerData: isReset },
    )
    const [port] = await once(worker, 'message')
    connectTo(`http://127.0.0.1:${port}`)
    await once(worker, 'message')
    await turns()
    vi.useFakeTimers({ toFake: ['hrtime'] })
    worker.postMessage('reset')
    // Blocks this thread, so the reset is not read before the call.
    Atomics.wait(isReset, 0, 0)
    expect(await postTo(port, 'x')).toBe('answered')
    await worker.terminate()
  })

  test('a call that times out while it waits for a connection does not occupy it', async () => {
    let connections = 0
    const server = createServer((req, res) => {
      req.resume().on('end', () => setTimeout(() => res.end('done'), 400))
    }).on('connection', () => {
      connections += 1
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const callAll = () => Promise.all(Array.from({ length: 200 }, () => postTo(port, 'whole')))
    const first = callAll()
    const waiting = Array.from({ length: 50 }, () => postTo(port, 'waiting', 50))
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['timeout']))
    expect(new Set([...(await first), ...(await callAll())])).toEqual(new Set(['done']))
    expect(connections).toBe(200)
    server.closeAllConnections()
    server.close()
  })

  test('fifty concurrent calls all reach the backend', async () => {
    backend.script('about', { delayMs: 50 })
    const served = await start()
    const answers = await Promise.all(Array.from({ length: 50 }, () => callAbout(served)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(backend.calls).toHaveLength(50)
  })
})

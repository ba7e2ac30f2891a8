import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ByteBudget } from '../../../../functions/gateway/backend/response-budget.ts'
import { call } from '../../../support/gateway/send-to.ts'
import { startRawServer } from '../../../support/http/raw-server.ts'
import { canMakeCertificates, startTlsProxy } from '../../../support/http/tls-proxy.ts'

describe('a response that needs room', () => {
  const CONTENT = Buffer.alloc(10_000_000, 'a sentence of a length that no power of two divides')

  /** Has no room for some turns of the event loop after each part. */
  function sparingBudget() {
    let full: Promise<void> | undefined
    let excess = 0
    const counts = { pauses: 0, mostExcess: 0 }
    const pause = async () => {
      counts.pauses += 1
      excess = 0
      for (let turns = 0; turns < 10; turns += 1) await setImmediate()
      full = undefined
    }
    const budget: ByteBudget = {
      take: (bytes) => {
        if (full !== undefined) excess += bytes
        counts.mostExcess = Math.max(counts.mostExcess, excess)
        return true
      },
      room: () => {
        full ??= pause()
        return full
      },
    }
    return { budget, counts }
  }
  const answer = (socket: Socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${CONTENT.length}\r\n\r\n`)
    socket.write(CONTENT)
  }

  test('is read when there is room, and is complete', async () => {
    const { port } = await startRawServer(answer)
    const { budget, counts } = sparingBudget()
    expect((await call(port, {}, budget)) === CONTENT.toString('latin1')).toBe(true)
    expect(counts.pauses).toBeGreaterThan(100)
    expect(counts.mostExcess).toBe(0)
  })

  test.skipIf(!canMakeCertificates())('is complete over TLS', async () => {
    const { port } = await startRawServer(answer)
    await using proxy = await startTlsProxy(port)
    const trusted = getCACertificates('default')
    onTestFinished(() => setDefaultCACertificates(trusted))
    setDefaultCACertificates([readFileSync(proxy.certificate, 'utf8')])
    const { budget, counts } = sparingBudget()
    const origin = `https://${proxy.host}`
    expect((await call(0, { origin }, budget)) === CONTENT.toString('latin1')).toBe(true)
    expect(counts.pauses).toBeGreaterThan(50)
    // Everything that was read from the socket at once is decrypted.
    expect(counts.mostExcess).toBeLessThanOrEqual(64 * 1024)
  })

  test('is not counted further once its budget is exceeded', async () => {
    const { port } = await startRawServer((socket) => {
      socket.write(
        `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(1_000)}`,
      )
    })
    let counted = 0
    const take = () => {
      counted += 1
      return false
    }
    expect(await call(port, {}, { take, room: () => undefined })).toBe('oversized')
    expect(counted).toBe(1)
  })
})

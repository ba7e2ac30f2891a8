import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { gatewayStack } from '../support/gateway/stack.ts'

const { startForFile } = await gatewayStack()
const served = await startForFile()

const HEAD = 'POST /mcp HTTP/1.1\r\nHost: mcp.test\r\n'

// A busy machine may check later than every second, so the upper bounds leave room. They are still below
// the next multiple of 30 s, the default interval of Node.
test.concurrent.each([
  ['an unfinished head', HEAD, 15, 28],
  ['an unfinished body', `${HEAD}Content-Length: 10\r\n\r\n{`, 30, 50],
])(
  '%s gets 408 in time',
  async (_, bytes, least, most) => {
    const { hostname, port } = new URL(served.url)
    const socket = connect({ host: hostname, port: Number(port) })
    const startedAt = performance.now()
    socket.write(bytes)
    let answer = ''
    socket.on('data', (chunk) => {
      answer += String(chunk)
    })
    await once(socket, 'close')
    const seconds = (performance.now() - startedAt) / 1_000
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(seconds).toBeGreaterThan(least - 1)
    expect(seconds).toBeLessThan(most)
  },
  240_000,
)

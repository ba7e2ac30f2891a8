import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the ephemeral ports, which the kernel may assign to other sockets in the meantime.
const FIRST = 20_000
const LAST = 31_999

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1))
    const server = createServer()
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening')
    } catch {
      continue
    }
    server.close()
    await once(server, 'close')
    return port
  }
}

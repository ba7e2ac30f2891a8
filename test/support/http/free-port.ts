import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the ports that the kernel gives to whoever asks for any: none of those can come in between.
const FIRST = 20_000
const LAST = 31_999

/** A port of 127.0.0.1 that nobody listened on a moment ago. */
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

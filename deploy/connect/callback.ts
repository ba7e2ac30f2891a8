import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Where the browser brings the answer of a sign-in. */
export interface Callback extends AsyncDisposable {
  readonly redirectUri: string
  /** The URL that the browser was sent to; undefined when none came in time. */
  readonly answer: () => Promise<URL | undefined>
}

const PATH = '/callback'
const PAGE = `<!doctype html><meta charset="utf-8"><title>Signed in</title>
<p>This window can be closed: the rest happens in the terminal.</p>
`

/** Listens on a free port of this machine's loopback address, for the time given. */
export async function startCallback(timeoutMs: number): Promise<Callback> {
  const { promise, resolve } = Promise.withResolvers<URL | undefined>()
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '/', redirectUri)
    const isAnswer = req.method === 'GET' && url.pathname === PATH
    res.writeHead(isAnswer ? 200 : 404, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      connection: 'close',
    })
    res.end(isAnswer ? PAGE : '')
    if (isAnswer) resolve(url)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`
  return {
    redirectUri,
    answer: () => {
      const timer = setTimeout(() => resolve(undefined), timeoutMs)
      return promise.finally(() => clearTimeout(timer))
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

import { errorCode, listenOnLoopback } from '../../kit/listen.ts'
import { StepError } from '../failure.ts'

/** Receives authorization responses from the browser. */
export interface Callback extends AsyncDisposable {
  readonly port: number
  /** Waits for the next authorization response; undefined after `timeoutMs` milliseconds. */
  readonly answer: (timeoutMs: number) => Promise<URL | undefined>
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>Signed in</title>
<p>You can close this window and return to the terminal.</p>
`

/**
 * Listens on the loopback addresses for authorization responses at `path`. Port 0 = any free port.
 *
 * @throws StepError if the port is in use.
 */
export async function startCallback(port: number, path: string): Promise<Callback> {
  let next = Promise.withResolvers<URL | undefined>()
  const listener = await listenOnLoopback(port, (req, res) => {
    const url = URL.parse(req.url ?? '/', 'http://127.0.0.1')
    const isResponse = req.method === 'GET' && url?.pathname === path
    res.writeHead(isResponse ? 200 : 404, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      connection: 'close',
    })
    res.end(isResponse ? PAGE : '')
    if (isResponse) next.resolve(url)
  }).catch((error: unknown) => {
    if (errorCode(error) !== 'EADDRINUSE') throw error
    throw new StepError('callback_port_in_use', `port ${port} is in use`)
  })
  return {
    port: listener.port,
    answer: async (timeoutMs) => {
      const timer = setTimeout(() => next.resolve(undefined), timeoutMs)
      const url = await next.promise
      clearTimeout(timer)
      next = Promise.withResolvers()
      return url
    },
    [Symbol.asyncDispose]: listener.close,
  }
}

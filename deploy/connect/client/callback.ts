import { errorCode, listenOnLoopback } from '../../kit/listen.ts'
import { StepError } from '../failure.ts'

/** Where the browser brings the answers of sign-ins. */
export interface Callback extends AsyncDisposable {
  readonly port: number
  /** The URL that the browser was sent to next; undefined when none came in time, in milliseconds. */
  readonly answer: (timeoutMs: number) => Promise<URL | undefined>
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>Back from the sign-in</title>
<p>This window can be closed: the rest happens in the terminal.</p>
`

/**
 * Listens on a port of this machine's loopback addresses for what the browser brings to `path`; port
 * 0 = any that is free.
 *
 * @throws StepError when the port is in use.
 */
export async function startCallback(port: number, path: string): Promise<Callback> {
  let next = Promise.withResolvers<URL | undefined>()
  const listener = await listenOnLoopback(port, (req, res) => {
    const url = URL.parse(req.url ?? '/', 'http://127.0.0.1')
    const isAnswer = req.method === 'GET' && url?.pathname === path
    res.writeHead(isAnswer ? 200 : 404, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      connection: 'close',
    })
    res.end(isAnswer ? PAGE : '')
    if (isAnswer) next.resolve(url)
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

import { errorCode, listenOnLoopback } from '../local/listen.ts'
import { StepError } from './step-error.ts'

/** Where the browser brings the answer of a sign-in. */
export interface Callback extends AsyncDisposable {
  readonly redirectUri: string
  /** The URL that the browser was sent to; undefined when none came in time, in milliseconds. */
  readonly answer: (timeoutMs: number) => Promise<URL | undefined>
}

const PATH = '/callback'
const PAGE = `<!doctype html><meta charset="utf-8"><title>Back from the sign-in</title>
<p>This window can be closed: the rest happens in the terminal.</p>
`

/**
 * Listens on a port of this machine's loopback address; 0 = any that is free.
 *
 * @throws StepError when the port is in use.
 */
export async function startCallback(port: number): Promise<Callback> {
  const { promise, resolve } = Promise.withResolvers<URL | undefined>()
  const listener = await listenOnLoopback(port, (req, res) => {
    const url = URL.parse(req.url ?? '/', redirectUri)
    const isAnswer = req.method === 'GET' && url?.pathname === PATH
    res.writeHead(isAnswer ? 200 : 404, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      connection: 'close',
    })
    res.end(isAnswer ? PAGE : '')
    if (isAnswer) resolve(url)
  }).catch((error: unknown) => {
    if (errorCode(error) !== 'EADDRINUSE') throw error
    throw new StepError('callback_port_in_use', `port ${port} is in use`)
  })
  const redirectUri = `http://127.0.0.1:${listener.port}${PATH}`
  return {
    redirectUri,
    answer: (timeoutMs) => {
      const timer = setTimeout(() => resolve(undefined), timeoutMs)
      return promise.finally(() => clearTimeout(timer))
    },
    [Symbol.asyncDispose]: listener.close,
  }
}

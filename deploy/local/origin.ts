import type { IncomingMessage, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import files from 'superstatic/lib/providers/fs.js'
import superstatic, { type Middleware, type Provider } from 'superstatic/lib/superstatic.js'
import { isLoopback } from '../../shared/config.ts'
import firebase from '../firebase.json' with { type: 'json' }
import { type Listener, listenOnLoopback } from '../kit/listen.ts'
import { answerError } from './backends/answer-error.ts'
import { forward, type Limits, type Service } from './proxy.ts'

export interface OriginOptions {
  /** 0 = any free port. */
  readonly port: number
  /**
   * By the `serviceId` of the rewrite map: those that are deployed, undefined until they have started.
   * As on Hosting, where a rewrite needs its service, there are no rewrites to others.
   */
  readonly services: ReadonlyMap<string, Service | undefined>
  /** Values of `Host` to answer to besides this machine's own names. */
  readonly hosts?: readonly string[]
  readonly limits?: Limits
}

export type Origin = Listener

const { hosting } = firebase
const DEPLOY = fileURLToPath(new URL('..', import.meta.url))

/**
 * The one origin as Firebase Hosting makes it from `deploy/firebase.json`: files of the public
 * directory, then the rewrites, by the engine of Firebase's own emulator. Listens on loopback only.
 * A path that nothing matches is 404, a `Host` that is not this machine 421 (DNS rebinding).
 *
 * @throws the system's error, `code` EADDRINUSE when the port is taken.
 */
export async function startOrigin(options: OriginOptions): Promise<Origin> {
  const { port, services, hosts = [], limits } = options
  const rewrites = hosting.rewrites.filter(({ run }) => services.has(run.serviceId))
  const site = superstatic({
    // Its `regex` rules need RE2, which is a native module; `setHeaders` follows those of the headers.
    config: JSON.stringify({ ...hosting, headers: [], rewrites }),
    // Without `missing`, which serves a 404 page.
    stack: ['redirects', 'headers', 'files', 'rewrites'],
    provider: publicFiles(),
    rewriters: { run: async ({ run }) => toService(services.get(run.serviceId), limits) },
  })
  return listenOnLoopback(port, (req, res) => {
    if (!isOwnHost(req.headers.host, hosts)) {
      return answerError(res, 421, 'misdirected_request', 'This origin does not have that name.')
    }
    if (!isPlainTarget(req)) {
      return answerError(res, 400, 'invalid_request', 'The request target is malformed.')
    }
    setHeaders(req, res)
    return site(req, res, (error) => {
      if (error) answerError(res, 500, 'internal_error', 'The rewrite map failed.')
      else answerError(res, 404, 'not_found', 'There is nothing at this path.')
    })
  })
}

const HEADER_RULES = hosting.headers.map(({ regex, headers }) => ({
  pattern: new RegExp(regex, 'u'),
  headers,
}))

/** What Hosting adds to the answers of matching paths. */
function setHeaders({ url = '' }: IncomingMessage, res: ServerResponse): void {
  const path = decodeURI(url.replace(/[?#].*$/s, ''))
  for (const { pattern, headers } of HEADER_RULES) {
    if (!pattern.test(path)) continue
    for (const { key, value } of headers) res.setHeader(key, value)
  }
}

function toService(service: Service | undefined, limits: Limits | undefined): Middleware {
  return (req, res) => {
    if (service !== undefined) void forward(req, res, service, limits)
    else answerError(res, 503, 'no_instance', 'No instance of the function is available.')
  }
}

/** Hosting's `ignore` keeps dot-files out of the upload; superstatic knows nothing of it. */
function publicFiles(): Provider {
  const find = files({ cwd: DEPLOY, public: hosting.public })
  return async (req, pathname) => {
    if (pathname.includes('/.')) return null
    // It rejects for what is no file name, such as an overlong segment, and superstatic prints that.
    return find(req, pathname).catch(() => null)
  }
}

function isOwnHost(host: string | undefined, hosts: readonly string[]): boolean {
  if (host === undefined || !URL.canParse(`http://${host}`)) return false
  return isLoopback(new URL(`http://${host}`).hostname) || hosts.includes(host.toLowerCase())
}

/** A path that can be decoded; not the absolute form of a request to a proxy. */
function isPlainTarget({ url = '' }: IncomingMessage): boolean {
  try {
    return decodeURI(url).startsWith('/')
  } catch {
    return false
  }
}

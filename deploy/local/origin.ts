import type { IncomingMessage, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import files from 'superstatic/lib/providers/fs.js'
import superstatic, { type Middleware, type Provider } from 'superstatic/lib/superstatic.js'
import { isLoopback } from '../../shared/config.ts'
import firebase from '../firebase.json' with { type: 'json' }
import { type Listener, listenOnLoopback } from '../kit/listen.ts'
import { sendError } from './backends/send-error.ts'
import { forward, type Limits, type Service } from './proxy.ts'

export interface OriginOptions {
  /** The port; 0 = any free port. */
  readonly port: number
  /**
   * The services by `serviceId` of the rewrite map; a service is undefined until it has started. Rewrites
   * to other services are ignored, as on Hosting.
   */
  readonly services: ReadonlyMap<string, Service | undefined>
  /** The accepted values of `Host` in addition to loopback names. */
  readonly hosts?: readonly string[]
  readonly limits?: Limits
}

export type Origin = Listener

const { hosting } = firebase
const DEPLOY = fileURLToPath(new URL('..', import.meta.url))

/**
 * Starts the public origin as Firebase Hosting does with `deploy/firebase.json`: files of the public
 * directory, then the rewrites, with the engine of Firebase's emulator. Listens only on loopback. Returns
 * 404 for unmatched paths and 421 for any other `Host` (DNS rebinding).
 *
 * @throws The system error, with `code` EADDRINUSE if the port is in use.
 */
export async function startOrigin(options: OriginOptions): Promise<Origin> {
  const { port, services, hosts = [], limits } = options
  const rewrites = hosting.rewrites.filter(({ run }) => services.has(run.serviceId))
  const site = superstatic({
    // `setHeaders` applies the header rules, because superstatic needs the native module RE2 for `regex`.
    config: JSON.stringify({ ...hosting, headers: [], rewrites }),
    // Excludes `missing`, which serves a 404 page.
    stack: ['redirects', 'headers', 'files', 'rewrites'],
    provider: publicFiles(),
    rewriters: { run: async ({ run }) => toService(services.get(run.serviceId), limits) },
  })
  return listenOnLoopback(port, (req, res) => {
    if (!isOwnHost(req.headers.host, hosts)) {
      return sendError(
        res,
        421,
        'misdirected_request',
        'The Host header does not match this origin.',
      )
    }
    if (!isPlainTarget(req)) {
      return sendError(res, 400, 'invalid_request', 'The request target is malformed.')
    }
    setHeaders(req, res)
    return site(req, res, (error) => {
      if (error) sendError(res, 500, 'internal_error', 'The rewrite map failed.')
      else sendError(res, 404, 'not_found', 'There is nothing at this path.')
    })
  })
}

const HEADER_RULES = hosting.headers.map(({ regex, headers }) => ({
  pattern: new RegExp(regex, 'u'),
  headers,
}))

/** Sets the headers that Hosting adds for matching paths. */
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
    else sendError(res, 503, 'no_instance', 'No instance of the function is available.')
  }
}

/**
 * Serves public files except dot-files, as Hosting's `ignore` does, which superstatic does not support.
 */
function publicFiles(): Provider {
  const find = files({ cwd: DEPLOY, public: hosting.public })
  return async (req, pathname) => {
    if (pathname.includes('/.')) return null
    // superstatic prints rejections, for example for an invalid file name.
    return find(req, pathname).catch(() => null)
  }
}

function isOwnHost(host: string | undefined, hosts: readonly string[]): boolean {
  if (host === undefined || !URL.canParse(`http://${host}`)) return false
  return isLoopback(new URL(`http://${host}`).hostname) || hosts.includes(host.toLowerCase())
}

/** Returns whether the request target is a decodable path and not the absolute form of proxy requests. */
function isPlainTarget({ url = '' }: IncomingMessage): boolean {
  try {
    return decodeURI(url).startsWith('/')
  } catch {
    return false
  }
}

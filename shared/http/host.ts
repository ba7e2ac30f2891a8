/**
 * What functions-framework does before and around a function, and this system cannot have:
 *
 * - it parses every body first, takes up to 1 GB, answers malformed JSON with HTML and writes that
 *   body to the log;
 * - it answers some paths itself, and refuses malformed ones with HTML;
 * - it runs the function in a `domain`, whose hooks slow down every promise of the process;
 * - on SIGTERM it ends the process at once, and the requests in flight with it.
 *
 * It has no option for any of them. It does make its server by `http.createServer(app)`, so this file
 * takes that one call over: the framework still loads, names and starts the function, but a request
 * goes from the server to the function, which reads its body within limits; and the framework's signal
 * handlers are replaced by one that lets requests in flight finish.
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { http as register } from '@google-cloud/functions-framework'
import { ConfigError, type Environment } from '../config.ts'
import { createLog, type Log, type LogLevel } from '../log.ts'
import { prepareCatalogue } from '../tools.ts'
import { createBodyBudget, isLarge } from './body-budget.ts'
import { drainOnSignal } from './drain.ts'
import { readBody } from './request-body.ts'

// `import` would read every export of the module, and load its lazy WebSocket client for that: an
// eighth of a cold start.
const http = process.getBuiltinModule('node:http')

// Until its answer is sent, a call keeps its body in about three forms; an instance has 512 MiB.
const MAX_IN_FLIGHT_BYTES = 16 * 1024 * 1024
const HEADERS_TIMEOUT_MS = 15_000
const REQUEST_TIMEOUT_MS = 30_000
// Node looks for connections past these limits only this often; its default of 30 s would add that.
const TIMEOUT_CHECK_INTERVAL_MS = 1_000
// The request for which an instance is started comes sooner.
const WARM_UP_AFTER_MS = 1_000

/**
 * Reads the body of one request, once, within what an instance may hold of bodies.
 *
 * @throws HttpError 413, 415 or 503, ClientGoneError as `readBody` in request-body.ts.
 */
export type ReadBody = (maxBytes: number) => Promise<Buffer>

export interface RequestHandler {
  (req: IncomingMessage, res: ServerResponse, body: ReadBody): Promise<void>
  /** Called once: after the first answer, or when none was asked for soon after the start. */
  readonly warmUp?: () => void
}

/**
 * Registers a function under its names and takes over the server that functions-framework makes next,
 * which is the one for this function.
 */
export function host(handler: RequestHandler, ...names: readonly string[]): void {
  for (const name of names) register(name, notHosted)
  const { createServer } = http
  http.createServer = ((...args: unknown[]) => {
    if (!isExpressApp(args[0])) return Reflect.apply(createServer, http, args)
    http.createServer = createServer
    return createHost(handler)
  }) as typeof createServer
}

/** The framework's app. Other servers of this process are created as usual. */
function isExpressApp(listener: unknown): boolean {
  return typeof listener === 'function' && 'handle' in listener
}

/** Called only by the framework's own server, which this file replaces. */
function notHosted(): never {
  throw new Error('functions-framework made its server in a way that this file does not know')
}

/**
 * Parses the configuration, opens the log, and hosts the function that `compose` makes of both, which
 * takes no request before that. A refused configuration ends the process with its one message instead
 * of a stack trace.
 */
export async function start<Config extends { readonly LOG_LEVEL: LogLevel }>(
  names: readonly [service: string, ...aliases: string[]],
  env: Environment,
  parse: (env: Environment) => Config,
  compose: (config: Config, log: Log) => RequestHandler | Promise<RequestHandler>,
): Promise<void> {
  const [service] = names
  try {
    await prepareCatalogue(env)
    const config = parse(env)
    const project = env['GOOGLE_CLOUD_PROJECT']
    const log = createLog({ service, level: config.LOG_LEVEL, project })
    host(await compose(config, log), ...names)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const log = createLog({ service, level: 'error' })
    log.error('configuration_refused', { faults: error.faults })
    process.exit(1)
  }
}

function createHost(handler: RequestHandler): Server {
  const inFlight = new Set<ServerResponse>()
  const budget = createBodyBudget(MAX_IN_FLIGHT_BYTES)
  const inTurn = createTurns()
  let isWarm = false
  const warmUp = () => {
    if (isWarm) return
    isWarm = true
    handler.warmUp?.()
  }
  const options = { connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS }
  const server = http.createServer(options, (req, res) => {
    inFlight.add(res)
    const share = budget.open()
    res.once('close', () => {
      inFlight.delete(res)
      share.release()
      if (!isWarm) setImmediate(warmUp)
    })
    void handler(req, res, (maxBytes) => readBody(req, maxBytes, share).then(inTurn))
  })
  server.headersTimeout = HEADERS_TIMEOUT_MS
  server.requestTimeout = REQUEST_TIMEOUT_MS
  server.once('listening', () => setTimeout(warmUp, WARM_UP_AFTER_MS).unref())
  drainOnSignal(server, inFlight)
  return server
}

/** Work on a large body takes long: one is passed on in each turn of the event loop. */
function createTurns(): (body: Buffer) => Buffer | Promise<Buffer> {
  const waiting: (() => void)[] = []
  const next = () => {
    waiting.shift()?.()
    if (waiting.length > 0) setImmediate(next)
  }
  return (body) => {
    if (!isLarge(body)) return body
    return new Promise((resolve) => {
      waiting.push(() => resolve(body))
      if (waiting.length === 1) setImmediate(next)
    })
  }
}

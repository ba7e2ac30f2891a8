/**
 * Replaces parts of functions-framework that have no option and do not suit this system. The framework
 *
 * - parses every body first, accepts up to 1 GB, answers malformed JSON with HTML and writes that body
 *   to the log;
 * - answers some paths itself, and refuses malformed paths with HTML;
 * - runs the function in a `domain`, whose hooks slow down every promise of the process;
 * - ends the process, with the requests in flight, at once on SIGTERM.
 *
 * The framework creates its server by `http.createServer(app)`. This file intercepts that call. The
 * framework still loads, names and starts the function, but requests go from the server directly to the
 * function, which reads the body within limits. One handler that lets requests in flight finish replaces
 * the framework's signal handlers.
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { http as register } from '@google-cloud/functions-framework'
import { ConfigError, type Environment } from '../config.ts'
import { createLog, type Log, type LogLevel } from '../log.ts'
import { createBodyBudget, isLarge } from './body-budget.ts'
import { drainOnSignal } from './drain.ts'
import { createInFlight } from './in-flight.ts'
import { readBody } from './request-body.ts'

// `import` would read every export of the module and so load its lazy WebSocket client, which takes an
// eighth of a cold start.
const http = process.getBuiltinModule('node:http')

// A call keeps its body in about three forms until the response is sent. An instance has 512 MiB.
const MAX_IN_FLIGHT_BYTES = 16 * 1024 * 1024
const HEADERS_TIMEOUT_MS = 15_000
const REQUEST_TIMEOUT_MS = 30_000
// The interval of Node's timeout checks. Its default of 30 s would delay both timeouts by up to 30 s.
const TIMEOUT_CHECK_INTERVAL_MS = 1_000

/**
 * Reads the body of one request, once, within the body budget of the instance.
 *
 * @throws HttpError 413, 415 or 503, ClientGoneError as `readBody` in request-body.ts.
 */
export type ReadBody = (maxBytes: number) => Promise<Buffer>

export type RequestHandler = (
  req: IncomingMessage,
  res: ServerResponse,
  body: ReadBody,
) => Promise<void>

/**
 * Registers a function under its names and replaces the next server that functions-framework creates,
 * which is the server of this function. It listens once `handler` is there.
 */
export function host(
  handler: RequestHandler | Promise<RequestHandler>,
  ...names: readonly string[]
): void {
  for (const name of names) register(name, notHosted)
  const { createServer } = http
  http.createServer = ((...args: unknown[]) => {
    if (!isExpressApp(args[0])) return Reflect.apply(createServer, http, args)
    http.createServer = createServer
    return handler instanceof Promise ? createPendingHost(handler) : createHost(handler)
  }) as typeof createServer
}

/** Returns whether the listener is the framework's app. Other servers of the process are not replaced. */
function isExpressApp(listener: unknown): boolean {
  return typeof listener === 'function' && 'handle' in listener
}

/** The registered function. Only the framework's server would call it, which this file replaces. */
function notHosted(): never {
  throw new Error('functions-framework did not create its server by http.createServer(app)')
}

/**
 * Parses the configuration, creates the log, and hosts the function that `compose` returns. The server
 * starts only after that. Ends the process with one log line, without a stack trace, if the
 * configuration is invalid. Registers the function before it returns, so that functions-framework finds
 * it in a CommonJS module.
 */
export function start<Config extends { readonly LOG_LEVEL: LogLevel }>(
  names: readonly [service: string, ...aliases: string[]],
  env: Environment,
  parse: (env: Environment) => Config,
  compose: (config: Config, log: Log) => RequestHandler | Promise<RequestHandler>,
): void {
  const [service] = names
  const refuse = (error: unknown): never => {
    if (!(error instanceof ConfigError)) throw error
    const log = createLog({ service, level: 'error' })
    log.error('configuration_refused', { faults: error.faults })
    process.exit(1)
  }
  try {
    const config = parse(env)
    const project = env['GOOGLE_CLOUD_PROJECT']
    const log = createLog({ service, level: config.LOG_LEVEL, project })
    const handler = compose(config, log)
    host(handler instanceof Promise ? handler.catch(refuse) : handler, ...names)
  } catch (error) {
    refuse(error)
  }
}

/** Creates a server that listens once its handler is there. */
function createPendingHost(pending: Promise<RequestHandler>): Server {
  let handler: RequestHandler = notHosted
  // Not async, because that would be another promise for each request.
  const server = createHost((req, res, body) => handler(req, res, body))
  const { listen } = server
  server.listen = (...args: unknown[]) => {
    void pending.then((made) => {
      handler = made
      Reflect.apply(listen, server, args)
    })
    return server
  }
  return server
}

function createHost(handler: RequestHandler): Server {
  const inFlight = createInFlight()
  const budget = createBodyBudget(MAX_IN_FLIGHT_BYTES)
  const inTurn = createTurns()
  const options = { connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS }
  const server = http.createServer(options, (req, res) => {
    const slot = inFlight.add(res)
    const share = budget.open()
    res.on('close', () => {
      inFlight.remove(slot)
      share.release()
    })
    void handler(req, res, (maxBytes) => readBody(req, maxBytes, share).then(inTurn))
  })
  server.headersTimeout = HEADERS_TIMEOUT_MS
  server.requestTimeout = REQUEST_TIMEOUT_MS
  drainOnSignal(server, inFlight)
  return server
}

/**
 * Returns a function that passes on one large body per event loop turn, because work on it takes long.
 */
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

import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { listen } from './listen.ts'

/** One recorded call. */
export interface BackendCall {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** The received header field names in lower case, sorted. */
  readonly headerNames: readonly string[]
  readonly body: string
  /** The client's port. Calls with the same port share a connection. */
  readonly port: number | undefined
  /** Resolves when the caller disconnects before it has the whole response. */
  readonly abandoned: Promise<void>
}

/** The response of a tool. */
export interface Script {
  readonly status?: number
  /** Default `application/json`. */
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
  /** A string or bytes are sent unchanged, any other value as JSON. */
  readonly body?: unknown
  readonly delayMs?: number
  /** The response starts after this is fulfilled. */
  readonly after?: Promise<unknown>
  /**
   * `drip` = the body byte by byte, 20 ms apart; `reset` = no response; `truncate` = half of the body;
   * `chunked` = without Content-Length; `upgrade` = a switch to another protocol.
   */
  readonly manner?: 'drip' | 'reset' | 'truncate' | 'chunked' | 'upgrade'
}

/** A backend that records every call and responds as scripted, by default with `{}`. */
export interface Backend extends AsyncDisposable {
  readonly url: string
  readonly calls: BackendCall[]
  /** Sets the response of `tool`. */
  readonly script: (tool: string, script: Script) => void
  /** Forgets calls and scripts. */
  readonly reset: () => void
}

const DRIP_MS = 20

export async function startBackend(): Promise<Backend> {
  const calls: BackendCall[] = []
  const scripts = new Map<string, Script>()
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    const abandoned = new Promise<void>((resolve) => {
      res.once('close', () => {
        if (!res.writableFinished) resolve()
      })
    })
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const path = req.url ?? ''
      calls.push({
        method: req.method ?? '',
        path,
        headers: req.headers,
        headerNames: req.rawHeaders
          .filter((_, index) => index % 2 === 0)
          .map(lower)
          .sort(),
        body: Buffer.concat(chunks).toString(),
        port: req.socket.remotePort,
        abandoned,
      })
      const script = scripts.get(path.slice(1)) ?? {}
      const start = () => void setTimeout(() => play(script, res), script.delayMs ?? 0)
      if (script.after === undefined) start()
      else void script.after.then(start)
    })
  })
  return {
    ...(await listen(server)),
    calls,
    script: (tool, script) => void scripts.set(tool, script),
    reset: () => {
      calls.length = 0
      scripts.clear()
    },
  }
}

function play(script: Script, res: ServerResponse): void {
  const { status = 200, contentType = 'application/json', manner } = script
  if (manner === 'reset') {
    res.socket?.resetAndDestroy()
    return
  }
  if (manner === 'upgrade') {
    res.socket?.write(
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
    )
    return
  }
  const body = toBytes('body' in script ? script.body : {})
  const sized = manner !== 'drip' && manner !== 'chunked' && status !== 204
  res.writeHead(status, {
    'content-type': contentType,
    ...(sized && { 'content-length': String(body.length) }),
    ...script.headers,
  })
  if (manner === 'drip') drip(res, body)
  else if (manner === 'truncate') {
    res.write(body.subarray(0, body.length / 2), () => res.socket?.destroy())
  } else res.end(body)
}

function drip(res: ServerResponse, body: Buffer): void {
  let sent = 0
  const timer = setInterval(() => {
    if (res.destroyed || sent >= body.length) {
      clearInterval(timer)
      res.end()
    } else res.write(body.subarray(sent, ++sent))
  }, DRIP_MS)
}

function toBytes(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

function lower(name: string): string {
  return name.toLowerCase()
}

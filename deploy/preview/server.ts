import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { listenOnLoopback } from '../kit/listen.ts'
import { bundlePage } from './bundle.ts'
import { contentSecurityPolicy, readCsp } from './csp.ts'

export interface PreviewOptions {
  /** The MCP endpoint. */
  readonly url: string
  /** The access token; undefined = anonymous calls. */
  readonly token: string | undefined
  /** The tool to call first; undefined = the first tool with a UI. */
  readonly tool: string | undefined
  readonly args: Readonly<Record<string, unknown>>
  /** The port of the host page; 0 = any free port. */
  readonly port: number
}

export interface Preview extends AsyncDisposable {
  /** The URL of the host page. */
  readonly url: string
  /** The origin of the sandbox for UIs. */
  readonly sandbox: string
}

const HTML = 'text/html; charset=utf-8'
const NOT_FORWARDED =
  /^(?:host|connection|origin|referer|cookie|authorization|content-length|sec-.*)$/
const TIMEOUT_MS = 60_000

/**
 * Serves an MCP Apps host on this machine: its page on one port, and the sandbox for UIs on another port,
 * which is a separate origin. The page calls the gateway through `/mcp`, which adds the token, so no page
 * has access to it.
 */
export async function startPreview(options: PreviewOptions): Promise<Preview> {
  const script = await bundlePage()
  const [page, sandboxPage] = ['page.html', 'sandbox.html'].map(readPage)
  const origins = { host: '', sandbox: '' }

  const sandbox = await listenOnLoopback(0, (req, res) => {
    const address = URL.parse(req.url ?? '/', origins.sandbox)
    if (!isOwn(req, origins.sandbox) || address?.pathname !== '/') return answer(res, 404)
    const csp = readCsp(address.searchParams.get('csp'))
    if (csp === null) return answer(res, 400)
    answer(res, 200, HTML, sandboxPage, {
      'content-security-policy': `${contentSecurityPolicy(csp)}; frame-ancestors ${origins.host}`,
    })
  })
  const host = await listenOnLoopback(options.port, (req, res) => {
    if (!isOwn(req, origins.host)) return answer(res, 421)
    switch (URL.parse(req.url ?? '/', origins.host)?.pathname) {
      case '/':
        return answer(res, 200, HTML, page, {
          'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; frame-src ${origins.sandbox}; base-uri 'none'; frame-ancestors 'none'`,
        })
      case '/page.js':
        return answer(res, 200, 'text/javascript', script)
      case '/settings.json': {
        const settings = { sandbox: origins.sandbox, tool: options.tool, args: options.args }
        return answer(res, 200, 'application/json', JSON.stringify(settings))
      }
      case '/mcp':
        return req.headers.origin === origins.host && req.method === 'POST'
          ? forward(req, res, options)
          : answer(res, req.method === 'POST' ? 403 : 405)
      default:
        return answer(res, 404)
    }
  })
  origins.sandbox = `http://127.0.0.1:${sandbox.port}`
  origins.host = `http://127.0.0.1:${host.port}`
  return {
    url: `${origins.host}/`,
    sandbox: origins.sandbox,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([host.close(), sandbox.close()])
    },
  }
}

async function forward(
  req: IncomingMessage,
  res: ServerResponse,
  { url, token }: PreviewOptions,
): Promise<void> {
  try {
    const headers = Object.entries(req.headers).filter(
      ([name, value]) => !NOT_FORWARDED.test(name) && typeof value === 'string',
    ) as [string, string][]
    const response = await fetch(url, {
      method: 'POST',
      headers: [...headers, ...(token ? [['authorization', `Bearer ${token}`] as const] : [])].map(
        ([name, value]): [string, string] => [name, value],
      ),
      body: await buffer(req),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const body = Buffer.from(await response.arrayBuffer())
    answer(res, response.status, response.headers.get('content-type') ?? 'text/plain', body)
  } catch {
    answer(res, 502, 'text/plain', 'The MCP endpoint did not respond.')
  }
}

/** Rejects requests for another host name (DNS rebinding). */
function isOwn({ headers }: IncomingMessage, origin: string): boolean {
  return headers.host === new URL(origin).host
}

function answer(
  res: ServerResponse,
  status: number,
  type = 'text/plain',
  body: string | Buffer = '',
  headers: Readonly<Record<string, string>> = {},
): void {
  const own = {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
  res.writeHead(status, { ...own, ...headers })
  res.end(body)
}

function readPage(name: string): string {
  return readFileSync(fileURLToPath(new URL(`browser/${name}`, import.meta.url)), 'utf8')
}

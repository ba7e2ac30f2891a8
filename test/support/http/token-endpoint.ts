import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { listen } from './listen.ts'

/** One recorded request. */
export interface TokenCall {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly form: Readonly<Record<string, string>>
}

/** Changes of the successful token response. */
export interface TokenScript {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Replaces the whole body. A string is sent unchanged. */
  readonly body?: unknown
  /** Changes members of the successful body. undefined removes one. */
  readonly members?: Readonly<Record<string, unknown>>
  /** Delays the response until this resolves. */
  readonly after?: Promise<unknown>
  /** `drip` = one byte and then nothing; `reset` = no response. */
  readonly manner?: 'drip' | 'reset'
}

/** A token endpoint at `/oauth/token` that is independent of the tested code. */
export interface TokenEndpoint extends AsyncDisposable {
  /** The issuer with a trailing slash. */
  readonly issuer: string
  readonly calls: TokenCall[]
  readonly script: (script: TokenScript) => void
  readonly reset: () => void
}

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'

export async function startTokenEndpoint(): Promise<TokenEndpoint> {
  const calls: TokenCall[] = []
  let script: TokenScript = {}
  let issued = 0
  const server = createServer(async (req, res) => {
    const { method = '', url: path = '', headers } = req
    let text = ''
    for await (const chunk of req) text += chunk
    const form = Object.fromEntries(new URLSearchParams(text))
    calls.push({ method, path, headers, form })
    const current = script
    await current.after
    answer(res, current, {
      access_token: `issued-${++issued}`,
      token_type: 'Bearer',
      expires_in: 3_600,
      ...(form['grant_type'] === EXCHANGE && {
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      }),
    })
  })
  const listening = await listen(server)
  return {
    issuer: `${listening.url}/`,
    calls,
    script: (next) => {
      script = next
    },
    reset: () => {
      calls.length = 0
      script = {}
    },
    [Symbol.asyncDispose]: listening[Symbol.asyncDispose],
  }
}

function answer(
  res: ServerResponse,
  { status = 200, headers, body, members, manner }: TokenScript,
  good: Readonly<Record<string, unknown>>,
): void {
  if (manner === 'reset') {
    res.socket?.resetAndDestroy()
    return
  }
  const value = body ?? { ...good, ...members }
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  res.writeHead(status, { 'content-type': 'application/json', ...headers })
  if (manner === 'drip') res.write(text.slice(0, 1))
  else res.end(text)
}

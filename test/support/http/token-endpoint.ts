import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { listen } from './listen.ts'

/** One request as the endpoint received it. */
export interface TokenCall {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly form: Readonly<Record<string, string>>
}

/** What the endpoint answers: its members replace those of a good answer. */
export interface TokenScript {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Replaces the whole body; a string goes as it is. */
  readonly body?: unknown
  /** Changes members of the good body; undefined takes one away. */
  readonly members?: Readonly<Record<string, unknown>>
  /** Holds the answer back until this resolves. */
  readonly after?: Promise<unknown>
  /** `drip` = one byte and then nothing; `reset` = no answer. */
  readonly manner?: 'drip' | 'reset'
}

/** A token endpoint at `/oauth/token` that knows nothing of the system that is tested. */
export interface TokenEndpoint extends AsyncDisposable {
  /** With the slash that issuers end in. */
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

import { createServer, type IncomingMessage } from 'node:http'
import { createLogWebhook } from '../../../functions/log-webhook/handler.ts'
import { parseMetadataConfig } from '../../../functions/metadata/config.ts'
import { createMetadata } from '../../../functions/metadata/handler.ts'
import { LOG_WEBHOOK_PATH } from '../../../shared/oauth/protected-resource.ts'
import { type Issuer, startIssuer } from './issuer.ts'
import { listen } from './listen.ts'
import { PRIVATE_TOOLS, send, serve, serveGateway } from './serve.ts'

/** One response of the deployment. */
export interface FrontAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

export interface FrontRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** Changes of requests and responses. Without a member they are forwarded unchanged. */
export interface Misbehaviour {
  readonly request?: (request: FrontRequest) => Partial<FrontRequest>
  readonly answer?: (answer: FrontAnswer, request: FrontRequest) => Partial<FrontAnswer> | undefined
}

/** The functions metadata, gateway and log-webhook behind a proxy that can change their traffic. */
export interface Front extends AsyncDisposable {
  readonly url: string
  readonly issuer: Issuer
  misbehaves: Misbehaviour
}

/** The secrets that log-webhook accepts, as during a rotation. */
export const LOG_WEBHOOK_SECRET = 'a-secret-for-tests-only-0123456789'
export const FORMER_LOG_WEBHOOK_SECRET = 'a-former-secret-for-tests-only-0123456789'

const METADATA_PATH = /^(\/mcp)?\/\.well-known\/|^\/health/
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length'])

export async function startFront(env: Readonly<Record<string, string>> = {}): Promise<Front> {
  const issuer = await startIssuer()
  const server = createServer((req, res) => {
    void handle(req).then(({ status, headers, body }) => {
      const given = Object.entries(headers).filter(
        (entry): entry is [string, string] => entry[1] !== undefined,
      )
      res.writeHead(status, Object.fromEntries(given))
      res.end(body)
    })
  })
  const listening = await listen(server)
  const { url } = listening
  const variables = { PUBLIC_URL: url, TOOLS: JSON.stringify(PRIVATE_TOOLS), ...env }
  const metadata = await serve('metadata', (_, log) =>
    createMetadata(parseMetadataConfig({ OAUTH_ISSUER: issuer.url, ...variables }), { log }),
  )
  const gateway = await serveGateway({
    issuer: issuer.url,
    functionsBase: 'http://127.0.0.1:9',
    env: variables,
  })
  const logWebhook = await serve('log-webhook', () =>
    createLogWebhook({
      secrets: [LOG_WEBHOOK_SECRET, FORMER_LOG_WEBHOOK_SECRET],
      admit: () => Promise.reject(new Error('nothing registers here')),
    }),
  )
  const front: Front = {
    url,
    issuer,
    misbehaves: {},
    [Symbol.asyncDispose]: async () => {
      await listening[Symbol.asyncDispose]()
      const parts = [metadata, gateway, logWebhook, issuer]
      await Promise.all(parts.map((part) => part[Symbol.asyncDispose]()))
    },
  }

  const targetOf = (path: string) => {
    if (path === LOG_WEBHOOK_PATH) return logWebhook
    return METADATA_PATH.test(path) ? metadata : gateway
  }
  const handle = async (req: IncomingMessage): Promise<FrontAnswer> => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk)
    const asked = { method: req.method ?? '', path: req.url ?? '', headers: singles(req.headers) }
    const sent = { ...asked, ...front.misbehaves.request?.(asked) }
    const target = targetOf(sent.path)
    const body = Buffer.concat(chunks)
    const got = await send(target.url, { ...sent, ...(body.length > 0 && { body }) })
    const answer = { status: got.status, headers: singles(got.headers), body: got.text }
    return { ...answer, ...front.misbehaves.answer?.(answer, asked) }
  }
  return front
}

function singles(headers: IncomingMessage['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !HOP_BY_HOP.has(name))
      .map(([name, value]) => [name, String(value)]),
  )
}

import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { jwtVerify, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { backendCalls, callAbout, reasonsIn } from '../../../support/gateway/backend-calls.ts'
import { gatewayStack } from '../../../support/gateway/stack.ts'
import { HMAC_SECRET, type Served } from '../../../support/http/serve.ts'

const stack = await gatewayStack()
const { backend, start, endAfterTest } = stack
const { onlyCall } = backendCalls(stack)

describe('BACKEND_AUTH=google', () => {
  interface MetadataServer extends AsyncDisposable {
    readonly host: string
    readonly requests: { readonly url: URL; readonly headers: IncomingHttpHeaders }[]
    readonly staged: { status: number; expiresInSeconds: number; delayMs: number }
  }

  async function startMetadataServer(): Promise<MetadataServer> {
    const requests: MetadataServer['requests'] = []
    const staged = { status: 200, expiresInSeconds: 3_600, delayMs: 20 }
    const server = createServer(async (req, res) => {
      const url = new URL(req.url ?? '', 'http://metadata')
      requests.push({ url, headers: req.headers })
      const token = await new SignJWT({ n: requests.length })
        .setProtectedHeader({ alg: 'HS256' })
        .setAudience(url.searchParams.get('audience') ?? '')
        .setExpirationTime(Math.floor(Date.now() / 1000) + staged.expiresInSeconds)
        .sign(Buffer.from(HMAC_SECRET))
      setTimeout(() => res.writeHead(staged.status).end(token), staged.delayMs)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const started: MetadataServer = {
      host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      requests,
      staged,
      [Symbol.asyncDispose]: async () => {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      },
    }
    endAfterTest(started)
    return started
  }

  function startGoogle({ host }: MetadataServer): Promise<Served> {
    return start({ BACKEND_AUTH: 'google' }, { dependencies: { metadataHost: host } })
  }

  test("sends the function's ID token and the assertion", async () => {
    const metadata = await startMetadataServer()
    await callAbout(await startGoogle(metadata))
    const { headers } = onlyCall()
    const [scheme, token] = String(headers['x-serverless-authorization']).split(' ')
    expect(scheme).toBe('Bearer')
    const { payload } = await jwtVerify(String(token), Buffer.from(HMAC_SECRET))
    expect(payload.aud).toBe(backend.url)
    expect(headers.authorization).toBeUndefined()
    expect(headers['x-gateway-assertion']).toBeDefined()

    const [request] = metadata.requests
    expect(request?.url.pathname).toBe(
      '/computeMetadata/v1/instance/service-accounts/default/identity',
    )
    expect(request?.headers['metadata-flavor']).toBe('Google')
  })

  test('fetches one token for concurrent calls and caches it', async () => {
    const metadata = await startMetadataServer()
    const served = await startGoogle(metadata)
    await Promise.all(Array.from({ length: 10 }, () => callAbout(served)))
    await callAbout(served)
    expect(backend.calls).toHaveLength(11)
    expect(metadata.requests).toHaveLength(1)
  })

  test('replaces a token that is about to expire', async () => {
    const metadata = await startMetadataServer()
    metadata.staged.expiresInSeconds = 200
    const served = await startGoogle(metadata)
    await callAbout(served)
    await callAbout(served)
    expect(metadata.requests).toHaveLength(2)
  })

  test('does not call the backend without a token, and the next call requests one again', async () => {
    const metadata = await startMetadataServer()
    metadata.staged.status = 404
    const served = await startGoogle(metadata)
    expect((await callAbout(served)).json()).toMatchObject({
      result: { isError: true, content: [{ text: 'The tool cannot be reached right now.' }] },
    })
    expect(backend.calls).toEqual([])
    expect(reasonsIn(served)).toEqual(['backend_identity_unavailable'])

    metadata.staged.status = 200
    expect((await callAbout(served)).json()).not.toMatchObject({ result: { isError: true } })
    expect(backend.calls).toHaveLength(1)
  })

  test('is required: without it no token is sent', async () => {
    const metadata = await startMetadataServer()
    await callAbout(await start({}, { dependencies: { metadataHost: metadata.host } }))
    expect(onlyCall().headers['x-serverless-authorization']).toBeUndefined()
    expect(metadata.requests).toEqual([])
  })
})

import { readFileSync } from 'node:fs'
import { setDefaultCACertificates } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { createByteBudget } from '../../../../functions/gateway/backend/response-budget.ts'
import { type SendError, send } from '../../../../functions/gateway/backend/send.ts'
import { startBackend } from '../../../support/http/backend.ts'
import { canMakeCertificates, startTlsProxy } from '../../../support/http/tls-proxy.ts'

/** The length of the response body, or the code of the failure. */
function post(host: string, body: string): Promise<unknown> {
  const sent = { method: 'POST', origin: `https://${host}`, path: '/about', headers: {}, body }
  return send(sent, { timeoutMs: 120_000, budget: createByteBudget(10_000_000) }).then(
    (answer) => answer.body.length,
    ({ failure, cause }: SendError) => [failure, (cause as { readonly code: string }).code],
  )
}

describe.skipIf(!canMakeCertificates())('a backend with TLS', () => {
  test('is called only with a trusted certificate of its name', async () => {
    await using backend = await startBackend()
    await using proxy = await startTlsProxy(Number(new URL(backend.url).port))
    expect(await post(proxy.host, 'x')).toEqual(['unreachable', 'DEPTH_ZERO_SELF_SIGNED_CERT'])
    expect(proxy.passed).toEqual([])
    setDefaultCACertificates([readFileSync(proxy.certificate, 'utf8')])
    const otherName = proxy.host.replace('localhost', '127.0.0.1')
    expect(await post(otherName, 'x')).toEqual(['unreachable', 'ERR_TLS_CERT_ALTNAME_INVALID'])
    expect(proxy.passed).toEqual([])

    backend.script('about', { contentType: 'text/plain', body: 'y'.repeat(3_000_000) })
    expect(await post(proxy.host, 'x')).toBe(3_000_000)
    expect(await post(proxy.host, 'x'.repeat(500_000))).toBe(3_000_000)
    const many = Array.from({ length: 20 }, () => post(proxy.host, 'x'.repeat(300_000)))
    expect(new Set(await Promise.all(many))).toEqual(new Set([3_000_000]))
    expect(backend.calls).toHaveLength(22)
  })
})

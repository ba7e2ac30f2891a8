import type { RequestListener } from 'node:http'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { exportJWK, generateKeyPair } from 'jose'
import { beforeEach, describe, expect, test } from 'vitest'
import { fetchDocument } from '../../../functions/gateway/backend/fetch-document.ts'
import { fetchJson } from '../../../shared/http/fetch-json.ts'
import { JwksUnavailableError } from '../../../shared/oauth/jwks.ts'
import { json, jwksForEachTest, publicKey } from '../../support/jwks-endpoint.ts'

const [one, two] = await Promise.all([publicKey('one'), publicKey('two')])
const endpoint = jwksForEachTest()
const { serve, isKnown } = endpoint

const drip: RequestListener = (_req, res) => {
  const timer = setInterval(() => res.write(' '), 20)
  res.on('close', () => clearInterval(timer))
}
const bomb: RequestListener = (_req, res) => {
  res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(20_000_000, ' ')))
}

describe.each([
  ['the gateway', fetchDocument],
  ['the metadata function', fetchJson],
])('an unusable key set, fetched as by %s,', (_, fetch) => {
  beforeEach(() => {
    endpoint.fetch = fetch
  })

  const large = JSON.stringify({ keys: [], x: 'x'.repeat(300_000) })
  test.each<[string, RequestListener, string]>([
    ['empty', json({ keys: [] }), 'no_usable_key'],
    ['not a list', json({ keys: 'x' }), 'no_usable_key'],
    ['not an object', json([]), 'not_an_object'],
    ['null', json(null), 'not_an_object'],
    ['a list without a key', json({ keys: [null, [], 'x', 7] }), 'no_usable_key'],
    ['not found', json({ keys: [] }, 404), 'status_404'],
    ['an empty response', (_req, res) => void res.writeHead(204).end(), 'status_204'],
    ['never sent', () => undefined, 'timeout'],
    ['sent too slowly', drip, 'timeout'],
    ['too large after decompression', bomb, 'max-size'],
    ['not JSON', (_req, res) => void res.end('<html>'), 'not_json'],
    ['too large', (_req, res) => void res.end(large), 'max-size'],
    [
      'behind a redirect',
      (_req, res) => void res.writeHead(302, { location: '/other' }).end(),
      'no-redirect',
    ],
    ['cut off', (_req, res) => void res.destroy(), 'ECONNRESET'],
  ])('counts as an outage if it is %s', async (_, listener, reason) => {
    endpoint.respond = listener
    if (reason === 'timeout') endpoint.timeoutMs = 200
    await expect(endpoint.jwks.key('one')).rejects.toThrow(JwksUnavailableError)
    expect(endpoint.failures).toEqual([reason])
  })
})

test.each<[string, (bytes: Buffer) => Buffer]>([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
])('keys are decoded from %s, which was not accepted', async (coding, encode) => {
  endpoint.respond = (req, res) => {
    expect(req.headers['accept-encoding']).toBe('identity')
    const body = encode(Buffer.from(JSON.stringify({ keys: [one] })))
    res.writeHead(200, { 'content-encoding': coding }).end(body)
  }
  expect(await isKnown('one')).toBe(true)
})

test.each<[string, Buffer]>([
  ['zstd', Buffer.from('{}')],
  ['gzip', Buffer.from('{}')],
])('a key set in %s that cannot be decoded counts as an outage', async (coding, body) => {
  endpoint.respond = (_req, res) =>
    void res.writeHead(200, { 'content-encoding': coding }).end(body)
  await expect(endpoint.jwks.key('one')).rejects.toThrow(JwksUnavailableError)
  expect(endpoint.failures).toEqual(['content_coding'])
})

test('keys for other uses and algorithms are ignored', async () => {
  const ec = await generateKeyPair('ES256')
  const short = { ...one, kid: 'short', n: one.n?.slice(0, 100) }
  serve(
    one,
    { ...two, use: 'enc' },
    { ...one, kid: 'wraps', use: undefined, key_ops: ['encrypt', 'wrapKey'] },
    { ...one, kid: 'verifies', use: undefined, key_ops: ['verify'] },
    { ...(await exportJWK(ec.publicKey)), kid: 'ec' },
    { ...one, kid: 'rs512', alg: 'RS512' },
    { kty: 'oct', kid: 'oct', k: 'c2VjcmV0', alg: 'HS256' },
    { ...one, kid: undefined },
    { ...one, kid: 7 },
    short,
    null,
    'x',
  )
  expect([await isKnown('one'), await isKnown('verifies')]).toEqual([true, true])
  for (const kid of ['two', 'wraps', 'ec', 'rs512', 'oct', 'short', 'undefined', '7']) {
    expect(await isKnown(kid)).toBe(false)
  }
})

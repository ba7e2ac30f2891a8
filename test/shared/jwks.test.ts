import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type FetchJson, fetchJson } from '../../shared/http/fetch-json.ts'
import { createJwks, JwksUnavailableError, type RemoteJwks } from '../../shared/oauth/jwks.ts'

let one: JWK
let two: JWK
beforeAll(async () => {
  const [first, second] = await Promise.all(['one', 'two'].map(publicKey))
  one = first as JWK
  two = second as JWK
})

async function publicKey(kid: string): Promise<JWK> {
  const { publicKey } = await generateKeyPair('RS256')
  return { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' }
}

let now: number
let fetches: number
let failures: string[]
let respond: RequestListener
let server: ReturnType<typeof createServer>
let jwks: RemoteJwks
let timeoutMs: number

beforeEach(async () => {
  now = 0
  fetches = 0
  failures = []
  timeoutMs = 10_000
  server = createServer((req, res) => {
    fetches++
    respond(req, res)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`
  const onFetchFailed = (reason: string) => void failures.push(reason)
  // The time limit alone is another; what it is by default has a test of its own.
  const fetch: FetchJson = (url, options) => fetchJson(url, { ...options, timeoutMs })
  jwks = createJwks({ uri, fetch, now: () => now, onFetchFailed })
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const json =
  (value: unknown, status = 200): RequestListener =>
  (_req, res) => {
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }
const serve = (...keys: unknown[]) => {
  respond = json({ keys })
}
const isKnown = async (kid: string) => (await jwks.key(kid)) !== undefined
const isHeld = (kid: string) => jwks.held(kid) !== undefined
/** As a token asks whose claims are in order. */
const isKnownToGoodToken = async (kid: string) => (await jwks.key(kid, () => true)) !== undefined

describe('in fair weather', () => {
  test('many callers at once cost one fetch', async () => {
    serve(one)
    const found = await Promise.all(Array.from({ length: 50 }, () => isKnown('one')))
    expect(found.every(Boolean)).toBe(true)
    expect(fetches).toBe(1)
  })

  test('keys are kept for 10 minutes, then fetched anew', async () => {
    serve(one)
    await jwks.key('one')
    now = 10 * 60_000 - 1
    expect(isHeld('one')).toBe(true)
    await jwks.key('one')
    expect(fetches).toBe(1)
    now = 10 * 60_000
    expect(isHeld('one')).toBe(false)
    await jwks.key('one')
    expect(fetches).toBe(2)
  })

  test('a new key is fetched when a token first names it', async () => {
    serve(one)
    await jwks.key('one')
    serve(one, two)
    expect(await isKnown('two')).toBe(true)
    expect(fetches).toBe(2)
  })

  test('unknown keys cost one fetch in 10 s, however many there are', async () => {
    serve(one)
    await jwks.key('one')
    for (let index = 0; index < 100; index++) expect(await isKnown(`unknown-${index}`)).toBe(false)
    expect(fetches).toBe(2)
    now += 10_000
    for (let index = 0; index < 100; index++) await jwks.key(`unknown-${index}`)
    expect(fetches).toBe(3)
  })

  test('a key that appears just after the fetch of a made-up one is found', async () => {
    serve(one)
    await jwks.key('one')
    expect(await isKnown('made-up')).toBe(false)
    serve(one, two)
    expect(await isKnownToGoodToken('two')).toBe(true)
    expect(fetches).toBe(3)
  })

  test('good tokens of unknown keys cost 8 more fetches in 10 s, and are then not judged', async () => {
    serve(one)
    await jwks.key('one')
    expect(await isKnown('made-up')).toBe(false)
    for (let index = 0; index < 8; index++) {
      expect(await isKnownToGoodToken(`unknown-${index}`)).toBe(false)
      expect(await isKnownToGoodToken(`unknown-${index}`)).toBe(false)
    }
    expect(fetches).toBe(10)
    serve(one, two)
    for (let index = 0; index < 100; index++) {
      await expect(jwks.key('two', () => true)).rejects.toThrow(JwksUnavailableError)
    }
    expect(fetches).toBe(10)
    now += 10_000
    expect(await isKnownToGoodToken('two')).toBe(true)
    expect(fetches).toBe(11)
  })

  test('good tokens of one new key that come at once share a fetch and are all accepted', async () => {
    serve(one)
    await jwks.key('one')
    expect(await isKnown('made-up')).toBe(false)
    serve(one, two)
    const prompt = respond
    respond = (req, res) => void setImmediate(() => prompt(req, res))
    const found = await Promise.all(Array.from({ length: 20 }, () => isKnownToGoodToken('two')))
    expect(found.every(Boolean)).toBe(true)
    expect(fetches).toBe(3)
  })

  test('a key that is fetched again unchanged stays the same, a replaced one does not', async () => {
    serve(one)
    const first = await jwks.key('one')
    now = 10 * 60_000
    expect(await jwks.key('one')).toBe(first)
    serve({ ...two, kid: 'one' })
    now = 20 * 60_000
    expect(await jwks.key('one')).not.toBe(first)
    expect(fetches).toBe(3)
  })

  test('unknown keys that come at once cost one fetch too, and all learn of it', async () => {
    serve(one)
    await jwks.key('one')
    serve(one, two)
    const kids = ['two', ...Array.from({ length: 50 }, (_, index) => `unknown-${index}`), 'two']
    const known = await Promise.all(kids.map(isKnown))
    expect(known).toEqual(kids.map((kid) => kid === 'two'))
    expect(fetches).toBe(2)
  })

  test('a known key does not wait for the fetch of an unknown one', async () => {
    serve(one)
    await jwks.key('one')
    respond = () => undefined
    const unknown = jwks.key('made-up')
    await vi.waitUntil(() => fetches === 2)
    expect(await isKnown('one')).toBe(true)
    expect(failures).toEqual([])
    server.closeAllConnections()
    await expect(unknown).rejects.toThrow(JwksUnavailableError)
  })

  test('during a rollover both keys are known', async () => {
    serve(one, two)
    expect([await isKnown('one'), await isKnown('two')]).toEqual([true, true])
    expect(fetches).toBe(1)
  })

  test('what is held needs no wait, what is not does', async () => {
    serve(one)
    expect(isHeld('one')).toBe(false)
    await jwks.key('one')
    expect([isHeld('one'), isHeld('two')]).toEqual([true, false])
  })

  test('names of the prototype are no keys', async () => {
    serve(one)
    for (const kid of ['__proto__', 'constructor', 'toString', '']) {
      expect(await isKnown(kid)).toBe(false)
    }
  })

  test('a fetch may take 5 s and 256 KiB', async () => {
    const asked: unknown[] = []
    const fetch: FetchJson = async (url, options) => {
      asked.push({ url, ...options })
      return { keys: [one] }
    }
    await createJwks({ uri: 'https://issuer.example/keys', fetch }).key('one')
    expect(asked).toEqual([
      { url: 'https://issuer.example/keys', timeoutMs: 5_000, maxBytes: 262_144 },
    ])
  })

  test('a key that has left the set is gone with the next fetch', async () => {
    serve(one, two)
    expect(await isKnown('one')).toBe(true)
    serve(two)
    now = 10 * 60_000
    expect(await isKnown('two')).toBe(true)
    expect(await isKnown('one')).toBe(false)
  })
})

describe('in an outage', () => {
  test('kept keys serve for 24 hours', async () => {
    serve(one)
    await jwks.key('one')
    respond = json({}, 503)
    for (const hours of [1, 12, 23.99]) {
      now = hours * 3_600_000
      expect(await isKnown('one')).toBe(true)
    }
    now = 24 * 3_600_000 + 1
    await expect(jwks.key('one')).rejects.toThrow(JwksUnavailableError)
  })

  test('an emptied set takes no key away', async () => {
    serve(one)
    await jwks.key('one')
    serve()
    now = 10 * 60_000
    expect(await isKnown('one')).toBe(true)
    expect(failures).toEqual(['no_usable_key'])
  })

  test('a set of foreign keys takes no key away, and gives none', async () => {
    serve(one)
    await jwks.key('one')
    serve({ kty: 'oct', kid: 'one', k: 'c2VjcmV0' }, { kty: 'EC', kid: 'two' })
    now = 10 * 60_000
    expect(await isKnown('one')).toBe(true)
    await expect(jwks.key('two')).rejects.toThrow(JwksUnavailableError)
  })

  test('a slow issuer is waited for once, however many ask', async () => {
    serve(one)
    const prompt = respond
    respond = (req, res) => void setTimeout(() => prompt(req, res), 50)
    const found = await Promise.all(Array.from({ length: 20 }, () => isKnown('one')))
    expect(found.every(Boolean)).toBe(true)
    expect(fetches).toBe(1)
  })

  test('a flood while it is down costs one fetch in 10 s', async () => {
    respond = json({}, 503)
    for (let round = 0; round < 3; round++) {
      now = round * 10_000
      const asked = Array.from({ length: 30 }, (_, index) => jwks.key(`kid-${index}`))
      for (const outcome of await Promise.allSettled(asked)) {
        expect(outcome).toMatchObject({ reason: expect.any(JwksUnavailableError) })
      }
    }
    expect(fetches).toBe(3)
  })

  test('the kept key serves at once afterwards, and the outage is over', async () => {
    serve(one)
    await jwks.key('one')
    respond = json({}, 503)
    now = 10 * 60_000
    await jwks.key('one')
    expect(isHeld('one')).toBe(false)
    serve(one)
    now += 10_000
    await jwks.key('one')
    await vi.waitUntil(() => isHeld('one'))
  })

  test('of an issuer that hangs, only the first call waits', async () => {
    serve(one)
    await jwks.key('one')
    respond = () => undefined
    now = 10 * 60_000
    timeoutMs = 200
    await jwks.key('one')
    expect(failures).toEqual(['timeout'])
    timeoutMs = 10_000
    now += 10_000
    expect([await isKnown('one'), await isKnown('one')]).toEqual([true, true])
    await vi.waitUntil(() => fetches === 3)
    expect(failures).toEqual(['timeout'])
  })

  test('an outage that nobody has seen for long is no reason not to wait', async () => {
    serve(one)
    await jwks.key('one')
    respond = json({}, 503)
    now = 10 * 60_000
    await jwks.key('one')
    serve(two)
    now += 20_000
    expect(await isKnown('one')).toBe(false)
  })

  test('without the key nobody can tell: unavailable, not unknown', async () => {
    respond = json({}, 500)
    await expect(jwks.key('one')).rejects.toMatchObject({ retryAfterSeconds: 10 })
    expect(failures).toEqual(['status_500'])
  })

  test('it is asked again after 10 s, and not before', async () => {
    respond = json({}, 500)
    await expect(jwks.key('one')).rejects.toThrow(JwksUnavailableError)
    serve(one)
    now = 9_999
    await expect(jwks.key('one')).rejects.toThrow(JwksUnavailableError)
    now = 10_000
    expect(await isKnown('one')).toBe(true)
    expect(fetches).toBe(2)
  })

  test('a key that was rotated meanwhile is fetched soon after it', async () => {
    serve(one)
    await jwks.key('one')
    respond = json({}, 500)
    await expect(jwks.key('two')).rejects.toThrow(JwksUnavailableError)
    serve(two)
    now = 10_000
    expect(await isKnown('two')).toBe(true)
  })
})

const drip: RequestListener = (_req, res) => {
  const timer = setInterval(() => res.write(' '), 20)
  res.on('close', () => clearInterval(timer))
}
const bomb: RequestListener = (_req, res) => {
  res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(20_000_000, ' ')))
}

describe('a set that will not do counts as an outage', () => {
  const large = JSON.stringify({ keys: [], x: 'x'.repeat(300_000) })
  test.each<[string, RequestListener, string]>([
    ['empty', json({ keys: [] }), 'no_usable_key'],
    ['no list', json({ keys: 'x' }), 'no_usable_key'],
    ['no object', json([]), 'not_an_object'],
    ['nothing', json(null), 'not_an_object'],
    ['a list of nothing', json({ keys: [null, [], 'x', 7] }), 'no_usable_key'],
    ['not found', json({ keys: [] }, 404), 'status_404'],
    ['without content', (_req, res) => void res.writeHead(204).end(), 'status_204'],
    ['silent', () => undefined, 'timeout'],
    ['dripping', drip, 'timeout'],
    ['large when it is unpacked', bomb, 'max-size'],
    ['no JSON', (_req, res) => void res.end('<html>'), 'not_json'],
    ['too large', (_req, res) => void res.end(large), 'max-size'],
    [
      'elsewhere',
      (_req, res) => void res.writeHead(302, { location: '/other' }).end(),
      'no-redirect',
    ],
    ['cut off', (_req, res) => void res.destroy(), 'ECONNRESET'],
  ])('%s', async (_, listener, reason) => {
    respond = listener
    if (reason === 'timeout') timeoutMs = 200
    await expect(jwks.key('one')).rejects.toThrow(JwksUnavailableError)
    expect(failures).toEqual([reason])
  })
})

test('keys for other uses are not taken', async () => {
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

describe('keys that are fetched before the first token', () => {
  test('serve the first token without another fetch', async () => {
    serve(one)
    jwks.warmUp()
    expect(await isKnown('one')).toBe(true)
    expect(fetches).toBe(1)
  })

  test('are fetched once', async () => {
    serve(one)
    await isKnown('one')
    jwks.warmUp()
    await isKnown('one')
    expect(fetches).toBe(1)
  })

  test('are asked for again by the first token when they could not be fetched', async () => {
    respond = (req, res) => {
      json({}, 503)(req, res)
      serve(one)
    }
    jwks.warmUp()
    expect(await isKnown('one')).toBe(true)
    expect(failures).toEqual([])
    expect(fetches).toBe(2)
  })
})

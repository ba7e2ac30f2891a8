import { execFile, spawnSync } from 'node:child_process'
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Assertion,
  type AssertionKeys,
  createAssertionSigner,
} from '../functions/gateway/backend/assertion.ts'
import { readSigningKeys, type SigningKey } from '../shared/oauth/signing-key.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SAMPLES = `${ROOT}deploy/samples/`
const SECRET = 'the-secret-of-the-samples-0123456789abcdef'
const URL_OF_BACKEND = 'https://backend.example.com/listEvents'
const BODY = '{"limit":5}'

const NODE = `
const { body, ...call } = JSON.parse(await new Response(process.stdin).text())
verifyCaller({ ...call, body: Buffer.from(body) }).then(
  (claims) => console.log(JSON.stringify(claims)),
  () => console.log('refused'),
)
`
const PYTHON = `
import json, sys
call = json.load(sys.stdin)
try:
    print(json.dumps(verify_caller(call["method"], call["url"], call["headers"], call["body"].encode())))
except Exception as error:
    print("refused")
`

interface Sample {
  readonly file: string
  readonly language: 'js' | 'python'
  readonly keys: 'secret' | 'key set'
}
const samples: readonly Sample[] = [
  { file: 'verify-hmac.mjs', language: 'js', keys: 'secret' },
  { file: 'verify-key-set.mjs', language: 'js', keys: 'key set' },
  { file: 'verify_hmac.py', language: 'python', keys: 'secret' },
  { file: 'verify_key_set.py', language: 'python', keys: 'key set' },
]

/** Debian's interpreter may have PyJWT even if the first one in PATH does not. */
const pythons = ['python3', '/usr/bin/python3']
const python = pythons.find((command) => spawnSync(command, ['--version']).status === 0)
const pythonWithJwt = pythons.find(
  (command) => spawnSync(command, ['-c', 'import jwt, cryptography']).status === 0,
)
function commandFor({ language, keys }: Sample): string | undefined {
  if (language === 'js') return process.execPath
  return keys === 'secret' ? python : pythonWithJwt
}
for (const sample of samples.filter((one) => commandFor(one) === undefined)) {
  process.stderr.write(`SKIPPED: ${sample.file} needs python3 (and PyJWT for the key set).\n`)
}

const pem = (key: KeyObject) => String(key.export({ type: 'pkcs8', format: 'pem' }))
const newKey = (type: 'ES256' | 'EdDSA') =>
  type === 'ES256'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    : generateKeyPairSync('ed25519').privateKey
const signingKey = (type: 'ES256' | 'EdDSA') =>
  readSigningKeys(pem(newKey(type)))?.[0] as SigningKey

let directory: string
let issuer: string
const keys = { ES256: signingKey('ES256'), EdDSA: signingKey('EdDSA') }
const server = createServer((_, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ keys: Object.values(keys).map(({ publicJwk }) => publicJwk) }))
})

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  // The directory is below the root, so that the samples find the packages.
  directory = await mkdtemp(`${ROOT}.samples-`)
  for (const { file, language } of samples) {
    const code = await readFile(`${SAMPLES}${file}`, 'utf8')
    await writeFile(`${directory}/${file}`, code + (language === 'js' ? NODE : PYTHON))
  }
})
afterAll(async () => {
  await rm(directory, { recursive: true })
  await new Promise((resolve) => server.close(resolve))
})

const now = () => Math.floor(Date.now() / 1000)

function headersOf(keysToSign: AssertionKeys, changes: Partial<Assertion> = {}) {
  return createAssertionSigner(keysToSign)({
    issuer,
    audience: URL_OF_BACKEND,
    caller: { subject: 'auth0|alice', clientId: 'c', scopes: new Set(['a']), expiresAt: 0 },
    tool: 'listEvents',
    requestId: 'r1',
    body: BODY,
    now: now(),
    ...changes,
  })
}

interface Verification {
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly url?: string
  readonly method?: string
  readonly secret?: string
}

/** The output of the sample, or `did not start`. */
async function verify(
  sample: Sample,
  { headers, body = BODY, url = URL_OF_BACKEND, method = 'POST', secret = SECRET }: Verification,
): Promise<string> {
  const env = { PATH: process.env['PATH'], PUBLIC_URL: issuer, GATEWAY_HMAC_SECRET: secret }
  return new Promise((resolve) => {
    const command = commandFor(sample) ?? ''
    const child = execFile(command, [`${directory}/${sample.file}`], { env }, (error, stdout) =>
      resolve(error === null ? stdout.trim() : 'did not start'),
    )
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(JSON.stringify({ method, url, headers, body }))
  })
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Assertions that no sample may accept, each made from a valid one. */
function forgeriesOf(good: string): Record<string, string> {
  const [head = '', payload = '', signature = ''] = good.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
  const other = encode({ ...claims, sub: 'auth0|bob' })
  return {
    'another user': `${head}.${other}.${signature}`,
    'another signature': `${head}.${payload}.${signature.slice(0, -4)}AAAA`,
    'a signature with an invalid character': `${head}.${payload}.${signature.slice(0, 8)}!${signature.slice(8)}`,
    'no signature': `${head}.${payload}.`,
    'alg none': `${encode({ alg: 'none' })}.${payload}.`,
    'the alg of another family': `${encode({ alg: 'RS256' })}.${payload}.${signature}`,
    'two parts': `${head}.${payload}`,
    'an empty assertion': '',
  }
}

describe.each(samples)('deploy/samples/$file', (sample) => {
  const isSkipped = commandFor(sample) === undefined
  const algorithms = sample.keys === 'secret' ? (['HS256'] as const) : (['ES256', 'EdDSA'] as const)
  const keysFor = (alg: (typeof algorithms)[number]): AssertionKeys =>
    alg === 'HS256' ? { secret: SECRET } : { secret: SECRET, signingKey: keys[alg] }

  test('is the same in docs/backends.md', async () => {
    const document = await readFile(`${ROOT}docs/backends.md`, 'utf8')
    const code = await readFile(`${SAMPLES}${sample.file}`, 'utf8')
    expect(document.includes(`\`\`\`${sample.language}\n${code}\`\`\``)).toBe(true)
  })

  test.skipIf(isSkipped).each(algorithms)(
    'accepts an assertion that the gateway signs with %s',
    async (alg) => {
      const headers = headersOf(keysFor(alg))
      expect(JSON.parse(await verify(sample, { headers }))).toMatchObject({
        sub: 'auth0|alice',
        client_id: 'c',
        scope: 'a',
        tool: 'listEvents',
      })
    },
  )

  test.skipIf(isSkipped).each(algorithms)(
    'accepts a GET with a query and no body, signed with %s',
    async (alg) => {
      const call = { method: 'GET', query: 'limit=5&from=a%3Fb', body: undefined }
      const headers = headersOf(keysFor(alg), call)
      const url = `${URL_OF_BACKEND}?${call.query}`
      const printed = await verify(sample, { headers, method: 'GET', url, body: '' })
      expect(JSON.parse(printed)).toMatchObject({ htm: 'GET', htu: URL_OF_BACKEND })
    },
  )

  test.skipIf(isSkipped).each(algorithms)(
    'refuses forged assertions and other requests with %s',
    async (alg) => {
      const headers = headersOf(keysFor(alg))
      const good = headers['x-gateway-assertion'] ?? ''
      const foreign: AssertionKeys =
        alg === 'HS256' ? { secret: 'o'.repeat(40) } : { signingKey: signingKey(alg) }
      const calls: Record<string, Verification> = {
        'another body': { headers, body: '{"limit":6}' },
        'another method': { headers, method: 'DELETE' },
        'an added query': { headers, url: `${URL_OF_BACKEND}?limit=6` },
        'a removed query': { headers: headersOf(keysFor(alg), { query: 'a=b' }) },
        'another backend': { headers, url: 'https://backend.example.com/addEvent' },
        'an old assertion': { headers: headersOf(keysFor(alg), { now: now() - 120 }) },
        'a future assertion': { headers: headersOf(keysFor(alg), { now: now() + 120 }) },
        'another issuer': { headers: headersOf(keysFor(alg), { issuer: 'https://other.example' }) },
        'another key': { headers: headersOf(foreign) },
        ...Object.fromEntries(
          Object.entries(forgeriesOf(good)).map(([name, assertion]) => [
            name,
            { headers: { 'x-gateway-assertion': assertion } },
          ]),
        ),
      }
      const names = Object.keys(calls)
      const printed: [string, string][] = []
      for (const name of names) {
        printed.push([name, await verify(sample, calls[name] as Verification)])
      }
      expect(printed).toEqual(names.map((name) => [name, 'refused']))
    },
  )

  test.skipIf(isSkipped || sample.keys === 'key set')(
    'accepts two secrets but no empty or short secret',
    async () => {
      const headers = headersOf({ secret: SECRET })
      const accepted = await verify(sample, { headers, secret: `${'n'.repeat(32)}, ${SECRET}` })
      expect(JSON.parse(accepted)).toHaveProperty('sub')
      for (const weak of ['', 'short']) {
        const forged = weak === '' ? headersOf({ secret: '\0' }) : headersOf({ secret: weak })
        const secret = weak === '' ? `${SECRET},` : `${SECRET},${weak}`
        expect(await verify(sample, { headers: forged, secret })).toBe('did not start')
      }
    },
  )

  test.skipIf(isSkipped || sample.keys === 'secret')(
    'does not use the public key as a shared secret',
    async () => {
      const head = { alg: 'HS256', typ: 'JWT', kid: keys.ES256.kid }
      const [, payload = ''] = (headersOf({ secret: SECRET })['x-gateway-assertion'] ?? '').split(
        '.',
      )
      const signed = `${encode(head)}.${payload}`
      const mac = createHmac('sha256', JSON.stringify(keys.ES256.publicJwk))
      const assertion = `${signed}.${mac.update(signed).digest('base64url')}`
      expect(await verify(sample, { headers: { 'x-gateway-assertion': assertion } })).toBe(
        'refused',
      )
    },
  )
})

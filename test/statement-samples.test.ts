import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createStatementSigner } from '../functions/gateway/statement.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SECRET = 'the-secret-of-the-samples-0123456789abcdef'
const PUBLIC_URL = 'https://mcp.example.com'
const URL_OF_BACKEND = 'https://backend.example.com/listEvents'
const BODY = '{"limit":5}'

interface Sample {
  readonly language: 'js' | 'python'
  readonly command: string
  readonly file: string
  /** Reads one call from standard input, and prints the claims or `refused`. */
  readonly main: string
}

const samples: readonly Sample[] = [
  {
    language: 'js',
    command: process.execPath,
    file: 'sample.mjs',
    main: `
const { headers, body, url } = JSON.parse(await new Response(process.stdin).text())
verifyCaller(headers, Buffer.from(body), url).then(
  (claims) => console.log(JSON.stringify(claims)),
  () => console.log('refused'),
)
`,
  },
  {
    language: 'python',
    command: 'python3',
    file: 'sample.py',
    main: `
import sys
call = json.load(sys.stdin)
try:
    print(json.dumps(verify_caller(call["headers"], call["body"].encode(), call["url"])))
except (PermissionError, ValueError, KeyError):
    print("refused")
`,
  },
]

let directory: string
beforeAll(async () => {
  // Below the root, so that the sample finds the packages.
  directory = await mkdtemp(`${ROOT}.samples-`)
  const readme = await readFile(`${ROOT}README.md`, 'utf8')
  for (const { language, file, main } of samples) {
    const code = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1]
    await writeFile(`${directory}/${file}`, `${code}${main}`)
  }
})
afterAll(() => rm(directory, { recursive: true }))

const hasPython = spawnSync('python3', ['--version']).status === 0
if (!hasPython) process.stderr.write('SKIPPED: the Python sample is not tested without python3.\n')

describe.each(samples)("the README's verifier in $language", ({ language, command, file }) => {
  const now = () => Math.floor(Date.now() / 1000)
  const headersOf = (
    changes: { readonly now?: number; readonly body?: string } = {},
    secret = SECRET,
  ) =>
    createStatementSigner(secret)({
      issuer: PUBLIC_URL,
      audience: URL_OF_BACKEND,
      identity: { subject: 'auth0|alice', clientId: 'c', scopes: new Set(['a']), expiresAt: 0 },
      tool: 'listEvents',
      requestId: 'r1',
      body: BODY,
      now: now(),
      ...changes,
    })

  const verify = async (
    headers: Readonly<Record<string, string>>,
    call: { readonly body?: string; readonly url?: string } = {},
    secret = SECRET,
  ): Promise<string> => {
    const env = { PATH: process.env['PATH'], PUBLIC_URL, GATEWAY_HMAC_SECRET: secret }
    return new Promise((resolve, reject) => {
      const child = execFile(command, [`${directory}/${file}`], { env }, (error, stdout) =>
        error === null ? resolve(stdout.trim()) : reject(error),
      )
      child.stdin?.end(JSON.stringify({ headers, body: BODY, url: URL_OF_BACKEND, ...call }))
    })
  }

  test.skipIf(language === 'python' && !hasPython)(
    'takes what the gateway signs, and nothing else',
    async () => {
      const good = headersOf()
      expect(JSON.parse(await verify(good))).toMatchObject({
        sub: 'auth0|alice',
        client_id: 'c',
        scope: 'a',
        tool: 'listEvents',
      })
      expect(JSON.parse(await verify(good, {}, `${'n'.repeat(32)}, ${SECRET}`))).toHaveProperty(
        'sub',
      )
      const [head, payload, signature = ''] = String(good['x-gateway-assertion']).split('.')
      const forged = `${head}.${payload}.${signature.slice(0, -3)}AAA`
      const unsigned = `${btoa('{"alg":"none"}').replaceAll('=', '')}.${payload}.`
      const refused = await Promise.all([
        verify(good, { body: '{"limit":6}' }),
        verify(good, { url: 'https://backend.example.com/addEvent' }),
        verify(good, {}, 'o'.repeat(40)),
        verify({ 'x-gateway-assertion': forged }),
        verify({ 'x-gateway-assertion': unsigned }),
        verify(headersOf({ now: now() - 120 })),
        verify(headersOf({ now: now() + 120 })),
        verify({ 'x-gateway-assertion': '' }),
      ])
      expect(refused).toEqual(refused.map(() => 'refused'))
    },
  )
})

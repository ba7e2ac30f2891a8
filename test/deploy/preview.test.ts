import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import type { Browser, Frame, Page } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { ROOT } from '../../deploy/build/functions.ts'
import { previewCommand } from '../../deploy/commands/preview.ts'
import { UsageError } from '../../deploy/kit/errors.ts'
import { listenOnLoopback } from '../../deploy/kit/listen.ts'
import { runCommand } from '../../deploy/kit/run-command.ts'
import type { System } from '../../deploy/local/system.ts'
import { contentSecurityPolicy } from '../../deploy/preview/csp.ts'
import { PREVIEW_OPTIONS, toOptions } from '../../deploy/preview/options.ts'
import { startPreview } from '../../deploy/preview/server.ts'
import { signInLocally } from '../../deploy/preview/sign-in.ts'
import type { Environment } from '../../shared/config.ts'
import { catalogueFolder } from '../support/catalogue-folder.ts'
import { findChromium, startBrowser } from '../support/chromium.ts'
import { parsed } from '../support/command-line.ts'
import { startBackend } from '../support/http/backend.ts'
import { startIssuer } from '../support/http/issuer.ts'
import { listen } from '../support/http/listen.ts'
import { serveGateway } from '../support/http/serve.ts'
import { descendantsOf, isRunning } from '../support/processes.ts'
import { startOnFreePorts } from '../support/system.ts'
import { keepSecret } from '../support/written.ts'

const TIMEOUT_MS = 240_000
const PERSON = { username: 'alice@example.com', password: 'password' }
const chromium = findChromium(process.env)

/** The frame of the UI, which is inside the frame of the sandbox. */
async function uiIn(page: Page): Promise<Frame> {
  const frame = await page.waitForFrame(
    (one) => one.parentFrame()?.parentFrame() === page.mainFrame(),
    {
      timeout: TIMEOUT_MS,
    },
  )
  return frame
}

function logOf(page: Page): Promise<string> {
  return page.$eval('#log', ({ textContent }) => textContent ?? '')
}

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'npm run preview leaves no process behind if npm gets %s',
  async (signal) => {
    const system = await startOnFreePorts()
    onTestFinished(() => system.stop())
    const url = `${system.url}/mcp`
    const token = await signInLocally(url, PERSON)
    keepSecret(token)
    const args = ['--url', url, '--token', token, '--no-open', '--port', '0']
    const npm = spawn('npm', ['run', 'preview', '--', ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    for await (const line of createInterface({ input: npm.stdout })) {
      if (line.startsWith('Press Ctrl-C')) break
    }
    const below = descendantsOf(npm.pid)
    npm.kill(signal)
    onTestFinished(() => {
      for (const pid of below.filter(isRunning)) process.kill(pid, 'SIGKILL')
    })

    expect(below.length).toBeGreaterThanOrEqual(1)
    await expect.poll(() => below.filter(isRunning), { timeout: TIMEOUT_MS }).toEqual([])
  },
  TIMEOUT_MS,
)

describe.skipIf(chromium === undefined)('npm run preview in Chromium', () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await startBrowser(chromium ?? '')
  }, TIMEOUT_MS)
  afterAll(() => browser?.close())

  describe('with the local system', () => {
    let system: System
    let token: string

    beforeAll(async () => {
      system = await startOnFreePorts()
      token = await signInLocally(`${system.url}/mcp`, PERSON)
      keepSecret(token)
    }, TIMEOUT_MS)
    afterAll(() => system?.stop())

    test(
      'shows the result in the UI of the sample tool, which can call the tool again',
      async () => {
        const url = `${system.url}/mcp`
        await using preview = await startPreview({ url, token, tool: undefined, args: {}, port: 0 })
        const page = await browser.newPage()
        await page.goto(preview.url)
        const ui = await uiIn(page)
        await ui.waitForSelector('#events li', { timeout: TIMEOUT_MS })

        const titles = () =>
          ui.$$eval('#events li', (items) => items.map(({ textContent }) => textContent))
        expect(await titles()).toEqual([
          '2026-12-18Flight to Lisbon',
          '2026-12-03Dentist',
          '2026-11-27Team breakfast',
        ])
        const calls = () =>
          system.logs.filter(
            ({ line }) => line.includes('"tool_called"') && line.includes('listEvents'),
          )
        const before = calls().length
        await ui.$eval('#events', (list) => list.replaceChildren())
        await ui.click('#reload')
        await ui.waitForSelector('#events li', { timeout: TIMEOUT_MS })
        expect(await titles()).toHaveLength(3)
        expect(calls()).toHaveLength(before + 1)
        expect(await logOf(page)).toContain('the UI calls listEvents')
        expect(await page.content()).not.toContain(token)
        await page.close()
      },
      TIMEOUT_MS,
    )
  })

  test(
    'lets a UI reach only the domains in its policy and the tools for UIs',
    async () => {
      const asked: string[] = []
      await using allowed = await listen(answering('allowed', asked))
      await using denied = await listen(answering('denied', asked))
      const html = `<!doctype html><ul></ul><script>
      const say = (line) => { document.querySelector('ul').innerHTML += '<li>' + line + '</li>' }
      let id = 0
      const call = (name) => new Promise((resolve, reject) => {
        const own = ++id
        addEventListener('message', ({ data }) => {
          if (data.id === own && data.method === undefined) data.error ? reject(data.error) : resolve()
        })
        parent.postMessage({ jsonrpc: '2.0', id: own, method: 'tools/call', params: { name, arguments: {} } }, '*')
      })
      const tries = {
        tool: () => call('look'),
        hidden: () => call('hidden'),
        allowed: () => fetch('${allowed.url}'),
        denied: () => fetch('${denied.url}'),
        host: async () => parent.parent.document.title,
        sandbox: async () => parent.document.title,
      }
      for (const [name, run] of Object.entries(tries)) {
        run().then(() => say(name + ' reached'), () => say(name + ' blocked'))
      }
    </script>`
      using folder = catalogueFolder(
        {
          tools: {
            look: { scopes: [], _meta: { ui: { resourceUri: 'ui://look' } } },
            hidden: { scopes: [], _meta: { ui: { visibility: ['model'] } } },
          },
          resources: {
            'ui://look': {
              file: 'look.html',
              _meta: { ui: { csp: { connectDomains: [allowed.url] } } },
            },
          },
        },
        { 'look.html': html },
      )
      await using issuer = await startIssuer()
      await using backend = await startBackend()
      const env = { TOOLS: '', TOOLS_FILE: folder.file }
      await using served = await serveGateway({
        issuer: issuer.url,
        functionsBase: backend.url,
        env,
      })
      const url = `${served.url}/mcp`
      await using preview = await startPreview({
        url,
        token: undefined,
        tool: 'look',
        args: {},
        port: 0,
      })
      const page = await browser.newPage()
      await page.goto(preview.url)
      const ui = await uiIn(page)
      await ui.waitForSelector('li:nth-child(6)', { timeout: TIMEOUT_MS })

      const seen = await ui.$$eval('li', (items) =>
        items.map(({ textContent }) => textContent).sort(),
      )
      expect(seen).toEqual([
        'allowed reached',
        'denied blocked',
        'hidden blocked',
        'host blocked',
        'sandbox blocked',
        'tool reached',
      ])
      expect(asked).toEqual(['allowed'])
      expect(new URL(preview.sandbox).origin).not.toBe(new URL(preview.url).origin)
      await page.close()
    },
    TIMEOUT_MS,
  )
})

function answering(name: string, asked: string[]) {
  return createServer((_, res) => {
    asked.push(name)
    res.writeHead(200, { 'access-control-allow-origin': '*' })
    res.end()
  })
}

describe('the servers of npm run preview', () => {
  test('accept requests only from their own page', async () => {
    await using backend = await startBackend()
    const options = { token: 'a-token-for-tests', tool: undefined, args: {}, port: 0 }
    await using preview = await startPreview({ ...options, url: `${backend.url}/mcp` })
    const post = (origin: string) =>
      fetch(`${preview.url}mcp`, { method: 'POST', headers: { origin }, body: '{}' })
    expect((await post(preview.sandbox)).status).toBe(403)
    expect((await post('https://evil.example')).status).toBe(403)
    expect(backend.calls).toEqual([])

    expect((await post(new URL(preview.url).origin)).status).toBe(200)
    expect(backend.calls[0]?.headers).toMatchObject({ authorization: 'Bearer a-token-for-tests' })
    expect(backend.calls[0]?.headers).not.toHaveProperty('origin')
  })
})

describe('the tool of npm run preview', () => {
  async function preview(url: string, ...args: readonly string[]) {
    let errors = ''
    const code = await runCommand(previewCommand, {
      args: ['--url', url, '--no-open', ...args],
      env: {},
      write: () => expect.unreachable('nothing is served'),
      writeError: (text) => {
        errors += text
      },
    })
    return { code, errors }
  }

  test('must exist on the server, and one of its tools must have a UI', async () => {
    await using issuer = await startIssuer()
    await using backend = await startBackend()
    const env = { TOOLS: '{"one": {"scopes": []}, "two": {"scopes": []}}', TOOLS_FILE: '' }
    await using served = await serveGateway({
      issuer: issuer.url,
      functionsBase: backend.url,
      env,
    })
    const url = `${served.url}/mcp`
    const token = await issuer.token()

    expect(await preview(url, 'nosuch', '--token', token)).toEqual({
      code: 2,
      errors: expect.stringMatching(/^The server has no tool nosuch\. Its tools: one, two\.\n/),
    })
    expect(await preview(url, '--token', token)).toEqual({
      code: 1,
      errors: `No tool of ${url} has a UI. Its tools: one, two.\n`,
    })
  })

  test.each([['--token', 'a-token-for-tests'], []])(
    'cannot be shown if the system does not run, with the options %j',
    async (...options) => {
      const { port, close } = await listenOnLoopback(0, () => undefined)
      await close()
      const { code, errors } = await preview(`http://127.0.0.1:${port}/mcp`, ...options)
      expect(code).toBe(1)
      expect(errors).toContain('no response')
      expect(errors).toContain('start the system with npm start')
    },
  )
})

describe('the content security policy of a UI', () => {
  test('is the restrictive default without a declaration', () => {
    expect(contentSecurityPolicy(undefined)).toContain("connect-src 'none'")
  })

  test('contains only valid declared domains in their directives', () => {
    const policy = contentSecurityPolicy({
      connectDomains: ['https://api.example.com', "'unsafe-eval'", 'https://a; script-src *'],
      resourceDomains: ['https://*.example.com'],
      frameDomains: ['https://frames.example.com'],
      baseUriDomains: ['https://base.example.com'],
    })
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      "script-src 'self' 'unsafe-inline' https://*.example.com",
      "style-src 'self' 'unsafe-inline' https://*.example.com",
      "connect-src 'self' https://api.example.com",
      "img-src 'self' data: https://*.example.com",
      "font-src 'self' https://*.example.com",
      "media-src 'self' data: https://*.example.com",
      'frame-src https://frames.example.com',
      "object-src 'none'",
      'base-uri https://base.example.com',
    ])
  })
})

const parseOptions = (args: readonly string[], env: Environment) =>
  toOptions(parsed(previewCommand, PREVIEW_OPTIONS, args), env)

describe('the command line of npm run preview', () => {
  test('accepts a tool with arguments and defaults to the local URL', () => {
    expect(parseOptions(['listEvents', '--arguments', '{"limit":1}'], { PORT: '9' })).toMatchObject(
      {
        tool: 'listEvents',
        url: 'http://localhost:9/mcp',
        args: { limit: 1 },
      },
    )
  })

  test.each([['a', 'b'], ['--arguments', '[]'], ['--url', 'x'], ['--port', '70000'], ['--other']])(
    'rejects %s %s as a usage error',
    (...argv) => {
      expect(() => parseOptions(argv.filter(Boolean), {})).toThrow(UsageError)
    },
  )
})

import { readdirSync } from 'node:fs'
import type { Browser } from 'puppeteer-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { System } from '../../../deploy/local/system.ts'
import { findChromium, startBrowser } from '../../support/chromium.ts'
import {
  FUNCTIONS_AWAY,
  openStatusPage,
  RESOURCE,
  type StatusPageOptions,
} from '../../support/status-page.ts'
import { startOnFreePorts } from '../../support/system.ts'

const chromium = findChromium(process.env)
if (chromium === undefined) {
  process.stderr.write('\nSKIPPED: the tests of the status page, Chromium is not installed\n\n')
}
const HOSTILE = '<img src=x onerror="document.title=\'hit\'"> & <b>bold</b>'
const TOOLS = {
  listEvents: { title: 'List events', description: 'Newest first.', scopes: ['events:read'] },
  addEvent: { description: HOSTILE, scopes: ['events:read', 'events:write'] },
  about: { title: 'About', scopes: [] },
}
const MANY_TOOLS = {
  paths: Object.fromEntries(
    Array.from({ length: 50 }, (_, index) => [
      `/tools/${index}`,
      {
        post: {
          operationId: `${'aVeryLongName'.repeat(8)}_${index}`,
          summary: 'A long title of a tool '.repeat(4),
          description: 'What it does is told at length, so that a model knows. '.repeat(8),
          security: [{ auth0: ['organization:members:read', 'a.long/scope:'.repeat(8)] }],
        },
      },
    ]),
  ),
}

describe.skipIf(chromium === undefined)('the status page', () => {
  let browser: Browser
  let system: System

  beforeAll(async () => {
    browser = await startBrowser(chromium ?? '')
    system = await startOnFreePorts({ TOOLS: JSON.stringify(TOOLS) })
  })
  afterEach(async () => {
    for (const page of (await browser.pages()).slice(1)) await page.close()
  })
  afterAll(async () => {
    await browser?.close()
    await system?.stop()
  })

  const open = (options?: StatusPageOptions) => openStatusPage(browser, system.url, options)

  test('shows the connector URL, the health and each tool with its scopes', async () => {
    const { page, text, part, problems } = await open()
    expect(await text('#url')).toBe(`${system.url}/mcp`)
    expect(await text('#verdict')).toBe('All systems operational.')
    expect(await text('#advice')).toMatch(
      /^Programs on this machine can connect\. ChatGPT requires a public URL/,
    )
    expect(await page.title()).toBe(`All systems operational – ${new URL(system.url).host}`)
    expect(await part('issuer')).toEqual(['good', system.issuer])
    expect(await part('jwks')).toEqual(['good', expect.stringMatching(/^2 keys, RS256, fetched /)])
    const tools = await page.$$eval('#tools > li', (rows) =>
      rows.map((row) => [
        row.querySelector('code')?.textContent,
        [...row.querySelectorAll('.scopes li')].map((scope) => scope.textContent),
      ]),
    )
    expect(tools).toEqual([
      ['listEvents', ['events:read']],
      ['addEvent', ['events:read', 'events:write']],
      ['about', []],
    ])
    expect(await text('#tools > li:nth-child(3)')).toContain('No sign-in required.')
    // The browser reports the 405 of log-webhook, which is the response that the page expects.
    expect(problems.filter((problem) => !problem.includes('405'))).toEqual([])
    expect(await text('[data-part="log-webhook"] dd')).toBe('responds')
  })

  test.each([
    ['dynamic registration (DCR)', { registration_endpoint: 'https://t.example/register' }],
    ['metadata document (CIMD)', { client_id_metadata_document_supported: true }],
    [
      'one predefined client; iss is on, so ChatGPT uses one redirect URI for all connections',
      { authorization_response_iss_parameter_supported: true },
    ],
  ])('shows how clients connect: %s', async (expected, metadata) => {
    const answers = {
      '/.well-known/oauth-authorization-server': { issuer: 'https://t.example/', ...metadata },
    }
    const { part } = await open({ answers })
    await expect.poll(() => part('way')).toEqual(['good', expected])
  })

  test('says that ChatGPT can connect if the connector URL is public', async () => {
    const openApi = await (await fetch(`${system.url}/openapi.json`)).json()
    const published = { ...(openApi as object), servers: [{ url: 'https://mcp.acme.example' }] }
    const { text } = await open({ answers: { '/openapi.json': published } })
    expect(await text('#url')).toBe('https://mcp.acme.example/mcp')
    expect(await text('#advice')).toBe('ChatGPT can find the sign-in and call the tools.')
  })

  test('sends requests only to its own origin and shows tool descriptions as plain text', async () => {
    const { page, text, asked } = await open()
    expect(asked.filter((url) => !url.startsWith(`${system.url}/`))).toEqual([])
    expect(await text('#tools > li:nth-child(2) p')).toBe(HOSTILE)
    expect(await page.$('#tools img, #tools b')).toBeNull()
    expect(await page.title()).not.toContain('hit')
  })

  test.each<StatusPageOptions>([
    { scheme: 'light' },
    { scheme: 'dark' },
    { scheme: 'light', width: 320, answers: { '/openapi.json': MANY_TOOLS } },
    { scheme: 'light', answers: FUNCTIONS_AWAY },
    { scheme: 'dark', answers: { '/openapi.json': 503 } },
  ])('has no accessibility violations in the $scheme scheme (case %#)', async (options) => {
    const { violations } = await open(options)
    expect(await violations()).toEqual([])
  })

  test.each([320, 390, 1280])('fits a width of %i px without layout shifts', async (width) => {
    const { page } = await open({
      width,
      answers: { '/openapi.json': MANY_TOOLS },
      prepare: async (page) => {
        await page.evaluateOnNewDocument(`
          moved = 0
          new PerformanceObserver((list) => { for (const { value } of list.getEntries()) moved += value })
            .observe({ type: 'layout-shift', buffered: true })`)
      },
    })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
    expect(await page.evaluate('moved')).toBeLessThan(0.1)
  })

  test.each([
    { allowed: ['clipboard-read', 'clipboard-sanitized-write'] as const, said: /^Copied\.$/ },
    {
      allowed: ['clipboard-read'] as const,
      said: /^The browser does not allow copying\. .* selected/,
    },
  ])('copies the URL and shows the result with the permissions $allowed', async (row) => {
    const { page, text } = await open()
    await browser.defaultBrowserContext().overridePermissions(system.url, [...row.allowed])
    await page.bringToFront()
    await page.evaluate("navigator.clipboard.writeText('before').catch(() => undefined)")
    await page.click('#copy')
    await page.waitForFunction("document.getElementById('copied').textContent !== ''")
    expect(await text('#copied')).toMatch(row.said)
    expect(await page.$eval('#copied', (element) => element.getAttribute('role'))).toBe('status')
    const got = row.allowed.length > 1 ? 'navigator.clipboard.readText()' : 'String(getSelection())'
    expect(await page.evaluate(got)).toBe(`${system.url}/mcp`)
  })

  test('can be used with the keyboard in reading order', async () => {
    const { page } = await open()
    const reached: unknown[] = []
    for (let step = 0; step < 8; step++) {
      await page.keyboard.press('Tab')
      reached.push(
        await page.evaluate('document.activeElement.id || document.activeElement.pathname'),
      )
    }
    expect(reached).toEqual([
      'copy',
      'refresh',
      '/plugins',
      '/plugins/deploy/connect-chatgpt',
      RESOURCE,
      '/.well-known/oauth-authorization-server',
      '/openapi.json',
      '/health/auth0',
    ])
    await page.focus('#copy')
    await page.keyboard.press('Tab')
    const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
    expect(outline).toBe('solid')
  })

  test('keeps the focus and announces the progress after a refresh', async () => {
    const { page } = await open()
    await page.focus('#refresh')
    const said = await page.evaluate(`
      document.getElementById('refresh').click()
      const checked = document.getElementById('checked')
      ;[checked.textContent, checked.getAttribute('aria-live')]`)
    expect(said).toEqual(['Checking …', 'polite'])
    await page.waitForFunction(
      "document.getElementById('checked').textContent.startsWith('Checked')",
    )
    expect(await page.evaluate('document.activeElement.id')).toBe('refresh')
  })

  test('shows a notice and no progress without JavaScript', async () => {
    const page = await browser.newPage()
    await page.setJavaScriptEnabled(false)
    await page.goto(`${system.url}/`)
    const seen = await page.evaluate('document.body.innerText')
    expect(seen).toContain('This page requires JavaScript')
    expect(seen).not.toMatch(/Checking|Copy|…/)
  })

  test('distinguishes states by shape with forced colours', async () => {
    const { page } = await open({ answers: { '/openapi.json': 503, '/health/auth0': 'no answer' } })
    const cdp = await page.createCDPSession()
    await cdp.send('Emulation.setEmulatedMedia', {
      features: [{ name: 'forced-colors', value: 'active' }],
    })
    const shapes = await page.evaluate(`['good', 'bad', 'unknown'].map((state) => {
      const part = document.querySelector('[data-part="issuer"]')
      part.dataset.state = state
      const { borderWidth, borderRadius } = getComputedStyle(part.querySelector('dd'), '::before')
      return borderWidth + ' ' + borderRadius
    })`)
    expect(new Set(shapes as string[]).size).toBe(3)
  })
})

test('files have a strict content security policy, and unknown paths get a JSON 404', async () => {
  const system = await startOnFreePorts()
  try {
    const files = readdirSync(new URL('../../../deploy/public', import.meta.url))
    for (const path of ['', ...files]) {
      const { status, headers } = await fetch(`${system.url}/${path}`)
      expect([path, status]).toEqual([path, 200])
      const policy = headers.get('content-security-policy')?.split('; ')
      expect(policy).toEqual(
        expect.arrayContaining([
          ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'"],
          "frame-ancestors 'none'",
        ]),
      )
      expect(policy?.join()).not.toMatch(/unsafe|\*|http/)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      // Browsers must not mix files of different releases.
      expect(headers.get('cache-control')).toBe('no-cache')
    }
    const absent = await fetch(`${system.url}/nothing.html`)
    expect(absent.status).toBe(404)
    expect(absent.headers.get('content-type')).toContain('application/json')
  } finally {
    await system.stop()
  }
})

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'puppeteer-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { System } from '../../deploy/local/system.ts'
import { findChromium, startBrowser } from '../support/chromium.ts'
import { startOnFreePorts } from '../support/system.ts'
import { adminOf } from '../support/tenant-admin.ts'

const chromium = findChromium(process.env)
if (chromium === undefined) {
  process.stderr.write('\nSKIPPED: the tests of the status page, Chromium is not installed\n\n')
}
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const HOSTILE = '<img src=x onerror="document.title=\'hit\'"> & <b>bold</b>'
const TOOLS = {
  listEvents: { title: 'List events', description: 'Newest first.', scopes: ['events:read'] },
  addEvent: { description: HOSTILE, scopes: ['events:read', 'events:write'] },
  about: { title: 'About', scopes: [] },
}

describe.skipIf(chromium === undefined)('the status page', () => {
  let browser: Browser
  let system: System
  let page: Page
  let problems: string[]
  let asked: string[]

  beforeAll(async () => {
    browser = await startBrowser(chromium ?? '')
    system = await startOnFreePorts({ TOOLS: JSON.stringify(TOOLS) })
  })
  afterEach(async () => {
    await page?.close()
    await adminOf(system.tenant).change({ outage: false })
  })
  afterAll(async () => {
    await browser?.close()
    await system?.stop()
  })

  async function open({
    width = 1280,
    scheme = 'light',
    prepare = async () => undefined,
  }: {
    readonly width?: number
    readonly scheme?: 'light' | 'dark'
    readonly prepare?: (page: Page) => Promise<void>
  } = {}): Promise<void> {
    page = await browser.newPage()
    problems = []
    asked = []
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
    page.on('pageerror', (error) => problems.push(String(error)))
    page.on('request', (request) => asked.push(request.url()))
    await page.setViewport({ width, height: 900 })
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
    await prepare(page)
    await page.goto(`${system.url}/`)
    await looked()
  }

  const looked = () => page.waitForFunction("document.getElementById('checked').textContent !== ''")
  const text = (selector: string) =>
    page.$eval(selector, ({ textContent }) => textContent?.replace(/\s+/g, ' ').trim())
  const part = (name: string) => text(`[data-part="${name}"] dd`)

  /** Looks again and again: the health check answers from memory for a second. */
  const lookUntil = (state: 'good' | 'bad') =>
    page.waitForFunction(
      `document.getElementById('refresh').click() || document.getElementById('verdict').dataset.state === '${state}'`,
      { polling: 400 },
    )

  /** Answers these paths in place of the functions. */
  const answering = (answers: Readonly<Record<string, string>>) => async (opened: Page) => {
    await opened.setRequestInterception(true)
    opened.on('request', (request) => {
      const body = answers[new URL(request.url()).pathname]
      if (body === undefined) void request.continue()
      else if (body === '') void request.abort()
      else void request.respond({ status: 200, contentType: 'text/html', body })
    })
  }

  test('shows the connector, the health, and each tool with its scopes', async () => {
    await open()
    expect(await text('#url')).toBe(`${system.url}/mcp`)
    expect(await text('#verdict')).toBe('Everything answers.')
    expect(await part('issuer')).toBe(system.issuer)
    expect(await part('jwks')).toMatch(/^1 key, RS256, fetched (now|\d+ s ago)$/)
    const tools = await page.$$eval('#tools > li', (rows) =>
      rows.map((row) => ({
        name: row.querySelector('code')?.textContent,
        scopes: [...row.querySelectorAll('.scopes li')].map((scope) => scope.textContent),
      })),
    )
    expect(tools).toEqual([
      { name: 'listEvents', scopes: ['events:read'] },
      { name: 'addEvent', scopes: ['events:read', 'events:write'] },
      { name: 'about', scopes: ['public'] },
    ])
    expect(problems).toEqual([])
  })

  test('asks nobody but its own origin, and shows what a tool says as text', async () => {
    await open()
    expect(asked.filter((url) => !url.startsWith(`${system.url}/`))).toEqual([])
    expect(await text('#tools > li:nth-child(2) p')).toBe(HOSTILE)
    expect(await page.$('#tools img, #tools b')).toBeNull()
    expect(await page.title()).toBe('Connector status')
  })

  test.each(['light', 'dark'] as const)('is accessible, %s', async (scheme) => {
    await open({ scheme })
    await page.evaluate(AXE)
    const violations = await page.evaluate(
      'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map((n) => n.html)]))',
    )
    expect(violations).toEqual([])
  })

  test.each([320, 390, 1280])('nothing is wider than %i px', async (width) => {
    await open({ width })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
  })

  test('copies the URL, and says so', async () => {
    await open()
    await browser.defaultBrowserContext().overridePermissions(system.url, ['clipboard-read'])
    await page.bringToFront()
    await page.click('#copy')
    await page.waitForFunction("document.getElementById('copied').textContent !== ''")
    expect(await text('#copied')).toMatch(/^(Copied\.|Selected)/)
    expect(await page.$eval('#copied', (element) => element.getAttribute('role'))).toBe('status')
  })

  test('the keyboard reaches everything, in the order of reading', async () => {
    await open()
    const reached: unknown[] = []
    for (let step = 0; step < 6; step++) {
      await page.keyboard.press('Tab')
      reached.push(
        await page.evaluate('document.activeElement.id || document.activeElement.pathname'),
      )
    }
    expect(reached).toEqual([
      'copy',
      'refresh',
      '/.well-known/oauth-protected-resource',
      '/.well-known/oauth-authorization-server',
      '/openapi.json',
      '/health/auth0',
    ])
    await page.focus('#copy')
    await page.keyboard.press('Tab')
    const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
    expect(outline).toBe('solid')
  })

  test('an outage of Auth0 is named, and its end', async () => {
    await open()
    await adminOf(system.tenant).change({ outage: true })
    await lookUntil('bad')
    expect(await text('#verdict')).toBe('Not working: Auth0, the signing keys.')
    expect(await part('issuer')).toMatch(/^cannot be reached \(status_503\)$/)
    expect(await text('#advice')).toMatch(/^Nobody can sign in/)
    await adminOf(system.tenant).change({ outage: false })
    await lookUntil('good')
    expect(await text('#advice')).toBe('')
  })

  test.each([
    { name: 'a gateway that does not answer', body: '', seen: 'does not answer' },
    { name: 'a page in place of the gateway', body: '<html>', seen: 'answers 200 and no JSON' },
  ])('$name', async ({ body, seen }) => {
    await open({ prepare: answering({ '/openapi.json': body }) })
    expect(await text('#verdict')).toBe('Not working: the gateway.')
    expect(await part('gateway')).toBe(seen)
    expect(await text('#tools')).toBe('The gateway does not tell.')
  })

  test('functions that are all away', async () => {
    const paths = [
      '/openapi.json',
      '/health',
      '/health/auth0',
      '/.well-known/oauth-protected-resource',
    ]
    await open({ prepare: answering(Object.fromEntries(paths.map((path) => [path, '']))) })
    expect(await text('#verdict')).toBe('Not working: the metadata function, the gateway, Auth0.')
    expect(await page.evaluate("document.getElementById('copy').disabled")).toBe(true)
  })
})

test('the page is served with a strict policy, and what is not there stays JSON', async () => {
  const system = await startOnFreePorts()
  try {
    const home = await fetch(`${system.url}/`)
    expect(home.headers.get('content-type')).toContain('text/html')
    const policy = home.headers.get('content-security-policy')?.split('; ')
    expect(policy).toEqual(expect.arrayContaining(["default-src 'none'", "script-src 'self'"]))
    expect(policy?.join()).not.toMatch(/unsafe|\*|http/)
    const absent = await fetch(`${system.url}/nothing.html`)
    expect(absent.status).toBe(404)
    expect(absent.headers.get('content-type')).toContain('application/json')
  } finally {
    await system.stop()
  }
})

import type { Browser, Page } from 'puppeteer-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { System } from '../../../deploy/local/system.ts'
import { adminOf } from '../../support/auth0/tenant-admin.ts'
import { findChromium, startBrowser } from '../../support/chromium.ts'
import {
  FUNCTIONS_AWAY,
  openStatusPage,
  RESOURCE,
  type StatusPageOptions,
} from '../../support/status-page.ts'
import { startOnFreePorts } from '../../support/system.ts'

const chromium = findChromium(process.env)

describe.skipIf(chromium === undefined)('the status page in trouble', () => {
  let browser: Browser
  let system: System

  beforeAll(async () => {
    browser = await startBrowser(chromium ?? '')
    system = await startOnFreePorts()
  })
  afterEach(async () => {
    for (const page of (await browser.pages()).slice(1)) await page.close()
    await adminOf(system.tenant).change({ outage: false })
  })
  afterAll(async () => {
    await browser?.close()
    await system?.stop()
  })

  const open = (options?: StatusPageOptions) => openStatusPage(browser, system.url, options)

  test('reports the start and the end of an Auth0 outage', async () => {
    const { page, text, part } = await open()
    await adminOf(system.tenant).change({ outage: true })
    await refreshUntil(page, 'bad')
    expect(await text('#verdict')).toBe('Unavailable: Auth0, signing keys.')
    expect(await page.title()).toMatch(/^Unavailable: Auth0/)
    expect(await part('issuer')).toEqual(['bad', `${system.issuer} responds with 503`])
    const advice = new RegExp(`^Users cannot sign in.* npm run doctor -- ${system.url}$`)
    expect(await text('[role=status] #advice')).toMatch(advice)
    await adminOf(system.tenant).change({ outage: false })
    await refreshUntil(page, 'good')
    expect(await text('#advice')).not.toContain('cannot')
  })

  test.each([
    { answer: 'no answer', seen: 'does not respond' },
    { answer: '<html>', seen: 'responds with 200 but no JSON' },
    { answer: 503, seen: 'responds with 503' },
  ])('reports a gateway that $seen', async ({ answer, seen }) => {
    const { text, part } = await open({ answers: { '/openapi.json': answer } })
    expect(await text('#verdict')).toBe('Unavailable: gateway.')
    expect(await part('gateway')).toEqual(['bad', seen])
    expect(await text('#tools')).toBe('The gateway does not list its tools.')
    expect(await text('#url')).toBe(`${system.url}/mcp`)
  })

  test('shows a part that could not be checked as unknown', async () => {
    const { text, part } = await open({ answers: { ...FUNCTIONS_AWAY, '/openapi.json': {} } })
    expect(await text('#verdict')).toBe('Unavailable: metadata function.')
    expect(await part('issuer')).toEqual(['unknown', 'unknown'])
    expect(await text('#tools')).toBe('The gateway has no tools.')
  })

  test('reports that no service responds', async () => {
    const { page, text } = await open({ answers: FUNCTIONS_AWAY })
    expect(await text('#verdict')).toBe('No service responds.')
    expect(await text('#url')).toBe('unknown until the gateway responds')
    expect(await page.evaluate("document.getElementById('copy').disabled")).toBe(true)
  })

  test.each([
    { resource: 'https://mcp.example.com/mcp', servers: [{ url: 'https://mcp.example.com' }] },
    { resource: 'urn:example:events', servers: [{ url: 'https://mcp.example.com' }] },
    { resource: 'https://mcp.example.com/mcp', servers: undefined },
  ])('shows the configured connector URL: %o', async ({ resource, servers }) => {
    const { text } = await open({
      answers: { [RESOURCE]: { resource }, '/openapi.json': { servers, paths: {} } },
    })
    expect(await text('#url')).toBe('https://mcp.example.com/mcp')
    expect(await text('#name')).toBe('mcp.example.com')
  })

  test('with curated metadata the page also shows the registration function', async () => {
    const { page } = await open()
    expect(await page.$('[data-part="registration"][hidden]')).not.toBeNull()
    await page.close()
    const curated = { resource: `${system.url}/mcp`, authorization_servers: [system.url] }
    const { text, part } = await open({ answers: { [RESOURCE]: curated } })
    expect(await part('registration')).toEqual(['bad', 'responds with 404'])
    expect(await text('#verdict')).toBe('Unavailable: registration function.')
  })
})

/** Refreshes until the state is reached: the health report is cached for a second. */
async function refreshUntil(page: Page, state: 'good' | 'bad'): Promise<void> {
  await page.waitForFunction(
    `document.getElementById('refresh').click() || document.getElementById('verdict').dataset.state === '${state}'`,
    { polling: 400 },
  )
}

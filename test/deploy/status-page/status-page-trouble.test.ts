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

describe.skipIf(chromium === undefined)('the status page of a faulty deployment', () => {
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

  test('shows an outage of Auth0 and its end', async () => {
    const { page, text, part } = await open()
    await adminOf(system.tenant).change({ outage: true })
    await lookUntil(page, 'bad')
    expect(await text('#verdict')).toBe('Not working: Auth0, the signing keys.')
    expect(await page.title()).toMatch(/^Not working: Auth0/)
    expect(await part('issuer')).toEqual(['bad', `${system.issuer} returns 503`])
    const advice = new RegExp(`^Users cannot sign in.* npm run doctor -- ${system.url}$`)
    expect(await text('[role=status] #advice')).toMatch(advice)
    await adminOf(system.tenant).change({ outage: false })
    await lookUntil(page, 'good')
    expect(await text('#advice')).not.toContain('cannot sign in')
  })

  test.each([
    { answer: 'no answer', seen: 'does not respond' },
    { answer: '<html>', seen: 'returns 200 without JSON' },
    { answer: 503, seen: 'returns 503' },
  ])('shows that the gateway $seen', async ({ answer, seen }) => {
    const { text, part } = await open({ answers: { '/openapi.json': answer } })
    expect(await text('#verdict')).toBe('Not working: the gateway.')
    expect(await part('gateway')).toEqual(['bad', seen])
    expect(await text('#tools')).toBe('The gateway does not list its tools.')
    expect(await text('#url')).toBe(`${system.url}/mcp`)
  })

  test('shows the issuer as unknown if the metadata function does not respond', async () => {
    const { text, part } = await open({ answers: { ...FUNCTIONS_AWAY, '/openapi.json': {} } })
    expect(await text('#verdict')).toBe('Not working: the metadata function.')
    expect(await part('issuer')).toEqual(['unknown', 'not known'])
    expect(await text('#tools')).toBe('There are no tools.')
  })

  test('shows "No response." if no function responds', async () => {
    const { page, text } = await open({ answers: FUNCTIONS_AWAY })
    expect(await text('#verdict')).toBe('No response.')
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

  test('checks the registration function with curated metadata', async () => {
    const { page } = await open()
    expect(await page.$('[data-part="registration"][hidden]')).not.toBeNull()
    await page.close()
    const curated = { resource: `${system.url}/mcp`, authorization_servers: [system.url] }
    const { text, part } = await open({ answers: { [RESOURCE]: curated } })
    expect(await part('registration')).toEqual(['bad', 'returns 404'])
    expect(await text('#verdict')).toBe('Not working: the registration function.')
  })
})

/** Refreshes until the state is shown. The health check is cached for a second. */
async function lookUntil(page: Page, state: 'good' | 'bad'): Promise<void> {
  await page.waitForFunction(
    `document.getElementById('refresh').click() || document.getElementById('verdict').dataset.state === '${state}'`,
    { polling: 400 },
  )
}

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'puppeteer-core'

export const RESOURCE = '/.well-known/oauth-protected-resource'
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Responses by path: an object as JSON, a string as HTML, a number as a status with empty JSON. */
export type Answers = Readonly<Record<string, object | string | number | 'no answer'>>

export const FUNCTIONS_AWAY: Answers = {
  '/openapi.json': 'no answer',
  '/health': 'no answer',
  '/health/auth0': 'no answer',
  [RESOURCE]: 'no answer',
}

export interface StatusPageOptions {
  readonly width?: number
  readonly scheme?: 'light' | 'dark'
  readonly answers?: Answers
  readonly prepare?: (page: Page) => Promise<void>
}

export interface StatusPage {
  readonly page: Page
  /** Errors of the page and of its console. */
  readonly problems: string[]
  /** The requested URLs. */
  readonly asked: string[]
  readonly text: (selector: string) => Promise<string | undefined>
  /** The state and the text of a part. */
  readonly part: (
    name: string,
  ) => Promise<readonly [state: string | null, words: string | undefined]>
  readonly violations: () => Promise<unknown>
}

/** Opens the page and waits for its first check. `answers` replaces responses of the functions. */
export async function openStatusPage(
  browser: Browser,
  url: string,
  { width = 1280, scheme = 'light', answers = {}, prepare }: StatusPageOptions = {},
): Promise<StatusPage> {
  const page = await browser.newPage()
  const problems: string[] = []
  const asked: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text())
  })
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('request', (request) => asked.push(request.url()))
  await page.setViewport({ width, height: 900 })
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
  if (Object.keys(answers).length > 0) await answerFor(page, answers)
  await prepare?.(page)
  await page.goto(`${url}/`)
  await page.waitForFunction("document.getElementById('checked').textContent !== ''")
  return {
    page,
    problems,
    asked,
    text: (selector) =>
      page.$eval(selector, ({ textContent }) => textContent?.replace(/\s+/g, ' ').trim()),
    part: (name) =>
      page.$eval(
        `[data-part="${name}"]`,
        (row) => [row.getAttribute('data-state'), row.querySelector('dd')?.textContent] as const,
      ),
    violations: async () => {
      await page.evaluate(AXE)
      return page.evaluate(
        'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map((n) => n.html)]))',
      )
    },
  }
}

async function answerFor(page: Page, answers: Answers): Promise<void> {
  await page.setRequestInterception(true)
  page.on('request', (request) => {
    const answer = answers[new URL(request.url()).pathname]
    if (answer === undefined) void request.continue()
    else if (answer === 'no answer') void request.abort()
    else if (typeof answer === 'string') {
      void request.respond({ status: 200, contentType: 'text/html', body: answer })
    } else {
      const status = typeof answer === 'number' ? answer : 200
      const body = typeof answer === 'number' ? '{}' : JSON.stringify(answer)
      void request.respond({ status, contentType: 'application/json', body })
    }
  })
}

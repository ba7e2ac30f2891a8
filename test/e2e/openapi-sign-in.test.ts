import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import express from 'express'
import type { Browser, Page } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signIn } from '../../deploy/connect/sign-in/form-sign-in.ts'
import type { System } from '../../deploy/local/system.ts'
import { createManagement, credentialsIn } from '../../shared/auth0/management.ts'
import { findChromium, startBrowser } from '../support/chromium.ts'
import { ALICE } from '../support/people.ts'
import { startOnFreePorts } from '../support/system.ts'

/** The part of `/openapi.json` that an importer reads before the sign-in. */
interface Document {
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, { readonly post: { readonly operationId: string } }>>
  readonly components: {
    readonly securitySchemes: Readonly<
      Record<
        string,
        {
          readonly flows: {
            readonly authorizationCode: {
              readonly authorizationUrl: string
              readonly tokenUrl: string
              readonly scopes: Readonly<Record<string, string>>
            }
          }
        }
      >
    >
  }
}

const GPT_CALLBACK = 'https://chat.openai.com/aip/g-0123456789abcdef/oauth/callback'
const SWAGGER_UI = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
const chromium = findChromium(process.env)

let system: System
let swaggerUi: { readonly url: string; readonly close: () => void }

beforeAll(async () => {
  swaggerUi = await serveSwaggerUi()
  system = await startOnFreePorts({ APP_ORIGIN: swaggerUi.url })
})
afterAll(async () => {
  await system?.stop()
  swaggerUi?.close()
})

async function readDocument() {
  const document = (await (await fetch(`${system.url}/openapi.json`)).json()) as Document
  const [name = '', scheme] = Object.entries(document.components.securitySchemes)[0] ?? []
  const flow = scheme?.flows.authorizationCode
  if (flow === undefined) throw new Error('the document has no code flow')
  return { document, name, flow, server: document.servers[0]?.url ?? '' }
}

/** Creates an application as in steps 1 to 3 of docs/gpt-actions.md. */
async function createApplication(settings: object): Promise<{ id: string; secret: string }> {
  const { MGMT_DOMAIN = '', MGMT_CLIENT_ID = '', MGMT_CLIENT_SECRET = '' } = system.variables
  const credentials = credentialsIn({ MGMT_DOMAIN, MGMT_CLIENT_ID, MGMT_CLIENT_SECRET })
  const calls = { attemptTimeoutMs: 60_000, callTimeoutMs: 120_000, maxAttempts: 3 }
  const management = await createManagement(credentials, calls)()
  const { client_id = '', client_secret = '' } = await management.clients.create({
    name: 'importer',
    grant_types: ['authorization_code', 'refresh_token'],
    oidc_conformant: true,
    ...settings,
  })
  const { data } = await management.connections.list({ name: 'google-oauth2' })
  const connections = management.connections.clients
  await connections.update(data[0]?.id ?? '', [{ client_id, status: true }])
  const { flow } = await readDocument()
  await management.clientGrants.create({
    client_id,
    audience: `${system.url}/mcp`,
    scope: Object.keys(flow.scopes),
    subject_type: 'user',
  })
  return { id: client_id, secret: client_secret }
}

test.each([{ pkce: true }, { pkce: false }])(
  'a GPT Action can sign in and call a tool with /openapi.json (PKCE: $pkce)',
  async ({ pkce }) => {
    const { id, secret } = await createApplication({
      app_type: 'regular_web',
      token_endpoint_auth_method: 'client_secret_post',
      callbacks: [GPT_CALLBACK],
    })
    const { flow, server, document } = await readDocument()
    const verifier = randomBytes(32).toString('base64url')
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    const url = new URL(flow.authorizationUrl)
    const parameters = {
      response_type: 'code',
      client_id: id,
      redirect_uri: GPT_CALLBACK,
      scope: [...Object.keys(flow.scopes), 'offline_access'].join(' '),
      state: 'a-state',
      ...(pkce && { code_challenge: challenge, code_challenge_method: 'S256' }),
    }
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    const answer = (await signIn(url, GPT_CALLBACK, ALICE)).searchParams
    expect(answer.get('state')).toBe('a-state')
    const exchanged = await fetch(flow.tokenUrl, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: id,
        client_secret: secret,
        code: answer.get('code') ?? '',
        redirect_uri: GPT_CALLBACK,
        ...(pkce && { code_verifier: verifier }),
      }),
    })
    const tokens = (await exchanged.json()) as Readonly<Record<string, string>>
    expect(tokens['refresh_token']).toBeDefined()
    const [path = ''] =
      Object.entries(document.paths).find(([, { post }]) => post.operationId === 'listEvents') ?? []
    const called = await fetch(server + path, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${tokens['access_token']}`,
        'content-type': 'application/json',
      },
      body: '{}',
    })
    expect(called.status).toBe(200)
    expect(await called.json()).toMatchObject({ events: expect.any(Array) })
  },
)

describe.skipIf(chromium === undefined)('Swagger UI in Chromium', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await startBrowser(chromium ?? '')
  })
  afterAll(() => browser?.close())

  test('can sign in and call a tool with /openapi.json', async () => {
    const { id } = await createApplication({
      app_type: 'spa',
      token_endpoint_auth_method: 'none',
      callbacks: [`${swaggerUi.url}/oauth2-redirect.html`],
      web_origins: [swaggerUi.url],
    })
    const page = await browser.newPage()
    await page.goto(`${swaggerUi.url}/index.html`)
    await (await page.waitForSelector('.btn.authorize'))?.click()
    const idField = await page.waitForSelector('#client_id_authorizationCode, #client_id')
    await idField?.type(id)
    await (await page.waitForSelector('.select-all-scopes, .scopes h2 a'))?.click()
    const popup = new Promise<Page | null>((resolve) => page.once('popup', resolve))
    await (await page.waitForSelector('.auth-btn-wrapper .authorize'))?.click()
    const signInPage = await popup
    if (signInPage === null) throw new Error('no sign-in was opened')
    await signInPage.waitForSelector('input[name=password]')
    await signInPage.type('input[name=username]', ALICE.username)
    await signInPage.type('input[name=password]', ALICE.password)
    await signInPage.click('button')
    // Auth0 always shows the consent page for a callback on localhost.
    await (await signInPage.waitForSelector('form:not(:has([name=password])) button'))?.click()
    await page.waitForFunction('/Logout/.test(document.body.innerText)')
    await page.click('.btn-done, .close-modal')
    await page.click('[id$="listEvents"] .opblock-summary-control, [id$="listEvents"] button')
    await (await page.waitForSelector('.try-out__btn'))?.click()
    await (await page.waitForSelector('.execute'))?.click()
    await page.waitForSelector('.live-responses-table .response-col_status')
    const seen = await page.$eval('.live-responses-table', (table) => table.textContent ?? '')
    expect(seen).toContain('Flight to Lisbon')
    expect(seen).toMatch(/200/)
  }, 400_000)
})

/** Serves the files of swagger-ui-dist and an initializer as in its README. */
async function serveSwaggerUi() {
  const app = express()
  app.get('/swagger-initializer.js', (_, res) => {
    res.type('js').send(`window.ui = SwaggerUIBundle({
      url: ${JSON.stringify(`${system.url}/openapi.json`)},
      dom_id: '#swagger-ui',
      presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
      layout: 'StandaloneLayout',
    })
    ui.initOAuth({ usePkceWithAuthorizationCodeGrant: true })`)
  })
  app.use(express.static(SWAGGER_UI))
  const server = createServer(app).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, close: () => server.closeAllConnections() }
}

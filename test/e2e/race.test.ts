import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../../deploy/connect/connect.ts'
import { StuckError } from '../../deploy/connect/sign-in/form-sign-in.ts'
import type { System } from '../../deploy/local/system.ts'
import { adminOf } from '../support/auth0/tenant-admin.ts'
import { createChatGpt } from '../support/chatgpt.ts'
import { connectV2 } from '../support/connect.ts'
import { ALICE } from '../support/people.ts'
import { startOnFreePorts } from '../support/system.ts'

const NO_CONNECTION = {
  page: /invalid_request\s*: no connections enabled for the client/,
  state: 'the client has no login connection yet',
}
const NO_GRANT = {
  page: /unauthorized_client\s*: Client "\S+" is not authorized to access resource server/,
  state: 'the client has no client grant for the API yet',
}

// A permissive client gets its connection by the admission. A strict one uses the domain-level connection.
describe.each([
  { mode: 'permissive', ...NO_CONNECTION },
  { mode: 'strict', ...NO_GRANT },
])('a sign-in before the admission of a $mode client', ({ mode, page, state }) => {
  let system: System
  beforeAll(async () => {
    system = await startOnFreePorts()
  })
  // Pausing the log stream delays the admission until the test resumes it.
  const pause = (paused: boolean) =>
    adminOf(system.tenant).change({ ...(paused && { mode }), logStream: { paused } })
  afterEach(() => adminOf(system.tenant).change({ reset: true }))
  afterAll(() => system?.stop())

  test('ends on an error page and succeeds after the admission', async () => {
    await pause(true)
    const chatGpt = createChatGpt({
      tenant: system.tenant,
      person: ALICE,
      waitForAdmission: false,
    })
    const error = await connectV2(`${system.url}/mcp`, chatGpt).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(StuckError)
    expect(error).toHaveProperty('message', expect.stringMatching(page))
    await pause(false)
    await adminOf(system.tenant).admitted(chatGpt.clientId())
    const { searchParams } = await chatGpt.authorize()
    expect(searchParams.get('code')).toMatch(/./)
  })

  test('makes npm run connect print the error page and wait for the admission', async () => {
    await pause(true)
    const lines: string[] = []
    const connection = await connect({
      url: `${system.url}/mcp`,
      person: ALICE,
      onStep: () => undefined,
      openBrowser: () => expect.unreachable('no browser is needed at the local tenant'),
      onWait: (line) => {
        if (lines.push(line) === 1) void pause(false)
      },
    })
    expect(lines[0]).toMatch(page)
    expect(lines[0]).toContain(`${state}; a browser would show: `)
    expect(lines[0]).toMatch(/\(waited \d+ of 20 s\)$/)
    expect(connection).toMatchObject({ ok: true })
  })
})

describe.each([
  { way: 'open access', env: { THIRD_PARTY_ACCESS: 'open' } },
  { way: 'curated metadata', env: { AUTH_SERVER_METADATA: 'curated' } },
])('a sign-in right after registration with $way', ({ env }) => {
  test('succeeds without a log stream', async () => {
    const system = await startOnFreePorts(env)
    try {
      expect((await adminOf(system.tenant).state()).logStreams).toEqual([])
      const chatGpt = createChatGpt({
        tenant: system.tenant,
        person: ALICE,
        waitForAdmission: false,
      })
      const client = await connectV2(`${system.url}/mcp`, chatGpt)
      const answer = await client.callTool('listEvents', { limit: 1 })
      expect(answer.structuredContent).toMatchObject({ events: [expect.anything()] })
      await client.close()
    } finally {
      await system.stop()
    }
  })
})

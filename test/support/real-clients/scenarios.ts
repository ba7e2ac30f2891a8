import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Backend, startBackend } from '../http/backend.ts'
import { ALICE, BOB } from '../people.ts'
import { CLIENTS, whyNotInstalled } from './packages.ts'
import type { RealClient, RunningClient } from './real-client.ts'
import { type Machine, type Stack, startStack } from './stack.ts'

const LIMIT_MS = 400_000
const EXPIRING_SECONDS = 8
const LASTING_SECONDS = 3_600
const SENTENCE =
  'Your account lacks the permission events:write. Signing in again does not change that; an administrator can grant it.'
const EVENT = { title: 'Concert', date: '2027-01-01' }

const PUBLIC_AND_PROTECTED = JSON.stringify({
  openingHours: { scopes: [], inputSchema: { type: 'object' } },
  listEvents: { scopes: ['events:read'], inputSchema: { type: 'object' } },
  addEvent: { scopes: ['events:write'], inputSchema: { type: 'object' } },
})

/** The clients have time limits of their own, which they can exceed on a busy machine. */
const RETRIES = 2

/** Declares the tests of a client. They are skipped if the client is not installed. */
export async function describeClient({ name, start, manners }: RealClient): Promise<void> {
  const missing = await whyNotInstalled(name)
  if (missing !== undefined) process.stderr.write(`\nSKIPPED: ${missing}\n\n`)
  const limits = { timeout: LIMIT_MS, retry: RETRIES }
  describe.skipIf(missing)(`${name} ${CLIENTS[name]}`, limits, () => {
    describe('with a server whose tools all require a sign-in', () => {
      let stack: Stack
      let alices: Machine
      let client: RunningClient
      beforeAll(async () => {
        stack = await startStack()
        alices = await stack.machine(ALICE)
        client = await start({ url: stack.url, machine: alices })
      }, LIMIT_MS)
      afterAll(async () => {
        await client?.[Symbol.asyncDispose]()
        await stack?.[Symbol.asyncDispose]()
      })

      test('signs in once and calls a tool', async () => {
        expect(await client.call('listEvents')).toContain('Team breakfast')
        expect(alices.browser.faults).toEqual([])
        expect(alices.browser.windows).toHaveLength(1)
      })

      test('shows the validation error of invalid arguments', async () => {
        expect(await client.call('listEvents', { limit: 0 })).toContain('/limit must be >= 1')
        expect(alices.browser.windows).toHaveLength(1)
      })

      test('continues after the gateway was killed', async () => {
        await stack.killGateway()
        expect(await client.call('listEvents')).toContain('Team breakfast')
        expect(alices.browser.windows).toHaveLength(1)
      })

      test('shows a missing permission once and does not sign in again', async () => {
        const machine = await stack.machine(BOB)
        await using bobs = await start({ url: stack.url, machine })
        expect(await bobs.call('listEvents')).toContain('Guitar lesson')
        const shown = await bobs.call('addEvent', EVENT)
        expect(shown).toContain(SENTENCE)
        expect(shown.split(SENTENCE)).toHaveLength(2)
        expect(await bobs.call('listEvents')).toContain('Guitar lesson')
        expect(machine.browser.windows).toHaveLength(1)
      })

      test('calls a tool with a missing scope after another sign-in', async () => {
        const machine = await stack.machine(ALICE, ['events:write'])
        await using client = await start({ url: stack.url, machine })
        expect(await client.call('listEvents')).toContain('Team breakfast')
        const shown = await client.call('addEvent', EVENT)
        if (manners.stepUp === 'by itself') {
          expect(shown).toContain('Concert')
          expect(machine.browser.windows).toHaveLength(2)
          return
        }
        expect(shown).toContain(manners.stepUp.shows)
        await expect.poll(() => machine.browser.windows).toHaveLength(manners.stepUp.windows)
        await client.signIn?.()
        expect(await client.call('addEvent', EVENT)).toContain('Concert')
        expect(machine.browser.windows).toHaveLength(manners.stepUp.windows + 1)
      })

      test(`opens ${manners.windowsAtExpiry} sign-in windows after the access token expired`, async () => {
        const machine = await stack.machine(ALICE)
        await stack.setTokenLifetime(EXPIRING_SECONDS)
        await using client = await start({ url: stack.url, machine })
        expect(await client.call('listEvents')).toContain('Team breakfast')
        await stack.setTokenLifetime(LASTING_SECONDS)
        await sleep(EXPIRING_SECONDS * 1_000)
        const windows = machine.browser.windows.length
        expect(await client.call('listEvents')).toContain('Team breakfast')
        expect(machine.browser.windows).toHaveLength(windows + manners.windowsAtExpiry)
        expect((await stack.refreshes()) > 0).toBe(manners.windowsAtExpiry === 0)
        expect(machine.browser.faults).toEqual([])
      })
    })

    describe('with a server with one public tool', () => {
      let backend: Backend
      let stack: Stack
      let machine: Machine
      let client: RunningClient
      beforeAll(async () => {
        backend = await startBackend()
        for (const tool of Object.keys(JSON.parse(PUBLIC_AND_PROTECTED))) {
          backend.script(tool, { body: { answer: `of ${tool}` } })
        }
        stack = await startStack({ TOOLS: PUBLIC_AND_PROTECTED, FUNCTIONS_BASE: backend.url })
        machine = await stack.machine(ALICE)
        client = await start({ url: stack.url, machine })
      }, LIMIT_MS)
      afterAll(async () => {
        await client?.[Symbol.asyncDispose]()
        await stack?.[Symbol.asyncDispose]()
        await backend?.[Symbol.asyncDispose]()
      })

      test(`calls the public tool after ${manners.windowsAtPublicTool} sign-in windows`, async () => {
        expect(await client.call('openingHours')).toContain('of openingHours')
        expect(machine.browser.windows).toHaveLength(manners.windowsAtPublicTool)
      })

      const { refusalBesidePublicTool: refusal } = manners
      test(`${refusal === undefined ? 'signs in' : 'shows a refusal'} for a protected tool`, async () => {
        expect(await client.call('listEvents')).toContain(refusal ?? 'of listEvents')
        expect(machine.browser.windows).toHaveLength(refusal === undefined ? 1 : 0)
      })
    })
  })
}

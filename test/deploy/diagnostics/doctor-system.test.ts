import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { provisionCommand } from '../../../deploy/commands/provision.ts'
import { runCommand } from '../../../deploy/kit/run-command.ts'
import type { System } from '../../../deploy/local/system.ts'
import { doctor, doctorReport, idsOf } from '../../support/auth0/doctor.ts'
import { adminOf } from '../../support/auth0/tenant-admin.ts'
import { createChatGpt } from '../../support/chatgpt.ts'
import { connectV2 } from '../../support/connect.ts'
import { ALICE } from '../../support/people.ts'
import { startOnFreePorts } from '../../support/system.ts'

type Json = Readonly<Record<string, unknown>>

/** Removes the faults that a test has injected. */
const UNDO: Json = {
  encryptTokens: false,
  rules: [],
  hooks: [],
  management: { scopes: null, failAfter: null, rateLimit: null },
}
const DELIVERING: Json = { logStream: { paused: false, format: 'JSONARRAY' } }

let system: System
beforeAll(async () => {
  system = await startOnFreePorts()
  await provision()
})
afterAll(() => system?.stop())
afterEach(() => stage(UNDO))

const stage = (change: Json) => adminOf(system.tenant).change(change)

async function provision(): Promise<void> {
  const said: string[] = []
  const write = (text: string) => said.push(text)
  const { variables: env } = system
  const exitCode = await runCommand(provisionCommand, {
    args: ['--apply'],
    env,
    write,
    writeError: write,
  })
  if (exitCode !== 0) throw new Error(said.join(''))
}

function examine(args: readonly string[] = []) {
  return doctorReport([system.url, ...args], { env: system.variables })
}

/** Connects as ChatGPT and returns its access token. */
async function connect(): Promise<string> {
  const chatGpt = createChatGpt({ tenant: system.tenant, person: ALICE })
  const client = await connectV2(`${system.url}/mcp`, chatGpt)
  await client.close()
  return chatGpt.accessToken()
}

test('reports nothing for a system in use and for its tokens', async () => {
  const token = await connect()
  const report = await examine(['--token', token])
  expect(report.findings).toEqual([])
  expect(report.skipped.map(({ name }) => name)).toEqual(['around the edge'])
  const { exitCode, output } = await doctor([system.url], { env: system.variables })
  expect(output).toContain('Healthy: no faults found.')
  expect(exitCode).toBe(0)
})

test('requires only the Management API secret for a local system', async () => {
  const { MGMT_CLIENT_SECRET = '' } = system.variables
  const report = await doctorReport([system.url], { env: { MGMT_CLIENT_SECRET } })
  expect(report).toMatchObject({ findings: [], skipped: [{ name: 'around the edge' }] })
})

test('reports an encrypted token of the tenant', async () => {
  await stage({ encryptTokens: true })
  const chatGpt = createChatGpt({ tenant: system.tenant, person: ALICE })
  await connectV2(`${system.url}/mcp`, chatGpt).catch(() => undefined)
  expect(idsOf(await examine(['--token', chatGpt.accessToken()]))).toEqual([
    'ACCESS_TOKEN_IS_ENCRYPTED_JWE',
  ])
})

const FAULTS: readonly (readonly [string, Json, readonly string[]])[] = [
  ['the log stream is paused', { logStream: { paused: true } }, ['log_stream_not_active']],
  [
    'the log stream delivers JSON Lines',
    { logStream: { format: 'JSONLINES' } },
    ['log_stream_format'],
  ],
  [
    'Rules and Hooks are enabled',
    { rules: [{ name: 'old' }], hooks: [{ name: 'old' }] },
    ['hooks_active', 'rules_active'],
  ],
  [
    'Management API scopes are missing',
    { management: { scopes: ['read:clients', 'update:clients'] } },
    ['management_scope_missing'],
  ],
  [
    'the Management API fails',
    { management: { failAfter: { calls: 5, status: 500 } } },
    ['management_api_failing'],
  ],
]

test.each(FAULTS)('reports that %s', async (_, change, expected) => {
  await stage(change)
  expect(idsOf(await examine())).toEqual(expected)
  await stage(DELIVERING)
})

test('distinguishes wrong credentials from an outage', async () => {
  const env = { ...system.variables, MGMT_CLIENT_SECRET: 'not-the-one-that-the-tenant-has-0123' }
  const report = await doctorReport([system.url], { env })
  expect(idsOf(report)).toEqual(['management_credentials_refused'])
})

test('distinguishes a rate limit from an outage', async () => {
  await stage({ management: { rateLimit: { times: 1_000, retryAfterSeconds: 60 } } })
  const { findings } = await examine()
  expect(findings).toMatchObject([
    { id: 'management_api_unavailable', fix: expect.stringMatching(/^Wait a minute/) },
  ])
})

test('does not change the tenant', async () => {
  const shown = async () => {
    const { clients, connections, clientGrants, ...rest } = await adminOf(system.tenant).state()
    const { settings, resourceServers, logStreams } = rest as Json
    return { clients, connections, clientGrants, settings, resourceServers, logStreams }
  }
  const before = await shown()
  await examine()
  expect(await shown()).toEqual(before)
})

test('reports every missing part of an empty tenant', async () => {
  await stage({ empty: true })
  expect(idsOf(await examine())).toEqual([
    ...['api_missing', 'connection_not_shared', 'exchange_client_missing', 'log_stream_missing'],
    ...['registration_closed', 'resource_parameter_profile'],
  ])
})

// The gateway caches the outage for some seconds, so this test is the last one.
test('reports an outage as observed by doctor and by the deployment', async () => {
  await stage({ outage: true })
  expect(idsOf(await examine())).toEqual(
    expect.arrayContaining(['issuer_unreachable', 'management_api_unavailable']),
  )
})

import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT } from '../../../deploy/build/functions.ts'
import { runBuild } from '../../../deploy/build/run-build.ts'
import { type FunctionProcess, startFunction } from '../../../deploy/local/function-process.ts'
import { runHere, SECRETS, VARIABLES, writeEnvFile } from '../../support/google/deploy.ts'
import { fakeCommands } from '../../support/google/fake-commands.ts'
import { type Backend, startBackend } from '../../support/http/backend.ts'
import { largeCatalogue } from '../../support/large-catalogue.ts'
import { keepWritten } from '../../support/written.ts'

const BUILD_TIMEOUT_MS = 600_000

type Variables = Readonly<Record<string, string>>

const { TOOL_SCOPES_JSON: _, ...BARE } = VARIABLES

/** Runs `npm run deploy`. Returns the variables that it passes to gcloud for each function. */
async function deployed(dist: string, variables: Variables): Promise<Map<string, Variables>> {
  using commands = fakeCommands(['gcloud', 'firebase'])
  const file = writeEnvFile(commands.directory, variables)
  const args = [`--env-file=${file}`, `--dist=${dist}`, '--skip=hosting,doctor']
  expect(await runHere('deploy', args, {}, commands.run)).toMatchObject({ code: 0 })
  return new Map(
    commands
      .invocations()
      .filter(({ args }) => args.slice(0, 2).join(' ') === 'functions deploy')
      .map(({ args, variables }) => [args[2] ?? '', { ...variables, ...SECRETS }]),
  )
}

/** Runs `npm run build` and returns the variables of a manual deployment of each function. */
async function builtByHand(dist: string, variables: Variables): Promise<Map<string, Variables>> {
  const { TOOLS = '', ...others } = variables
  const file = `${dist}/tools.json`
  writeFileSync(file, JSON.stringify(JSON.parse(TOOLS), undefined, 2))
  const written: string[] = []
  const write = (text: string) => void written.push(text)
  const names = ['gateway', 'log-webhook', 'metadata']
  const io = { env: { TOOLS_FILE: file }, dist, write, writeError: write }
  expect(await runBuild(names, io), written.join('')).not.toEqual([])
  expect(written.join('')).toContain('  catalogue.json: ')
  const env = { ...others, TOOLS_FILE: 'catalogue.json' }
  return new Map(names.map((name) => [name, env]))
}

describe.each([
  ['of 117 tools and 130 kB after npm run deploy', largeCatalogue(117, 130_000), deployed],
  ['of 400 tools and 2 MB after npm run build', largeCatalogue(400, 2_000_000), builtByHand],
])('the built functions with a catalogue %s', (_, { tools, text }, prepare) => {
  const names = Object.keys(tools)
  const running = new Map<string, string>()
  const processes: FunctionProcess[] = []
  let dist: string
  let backend: Backend
  beforeAll(async () => {
    dist = mkdtempSync(join(tmpdir(), 'dist-'))
    symlinkSync(`${ROOT}node_modules`, join(dist, 'node_modules'))
    backend = await startBackend()
    const variables = { ...BARE, FUNCTIONS_BASE: backend.url, TOOLS: text }
    const starting = [...(await prepare(dist, variables))].map(async ([name, env]) => {
      const source = `${dist}/${name}`
      const started = await startFunction({ name, source, env, onLine: keepWritten })
      processes.push(started)
      running.set(name, `http://127.0.0.1:${await started.port(new AbortController().signal)}`)
    })
    await Promise.all(starting)
  }, BUILD_TIMEOUT_MS)
  afterAll(async () => {
    await Promise.all(processes.map(({ stop }) => stop()))
    await backend?.[Symbol.asyncDispose]()
    rmSync(dist, { recursive: true })
  })

  test('the gateway lists all tools and calls one', async () => {
    backend.script('about', { body: { version: 1 } })
    const client = new Client({ name: 'test', version: '1.0.0' })
    await client.connect(
      new StreamableHTTPClientTransport(new URL(`${running.get('gateway')}/mcp`)),
    )
    const listed = (await client.listTools()).tools
    const answer = await client.callTool({ name: 'about', arguments: { page: 2 } })
    const refused = await client.callTool({ name: 'about', arguments: { page: 0 } })
    await client.close()

    expect(listed.map(({ name }) => name)).toEqual(names)
    for (const { name, description, inputSchema } of listed) {
      expect({ description, inputSchema }).toMatchObject({
        description: tools[name]?.description,
        inputSchema: tools[name]?.inputSchema,
      })
    }
    expect(answer.content).toEqual([{ type: 'text', text: '{"version":1}' }])
    expect(JSON.parse(backend.calls[0]?.body ?? '')).toEqual({ page: 2 })
    expect(refused).toMatchObject({ isError: true })
    expect(backend.calls).toHaveLength(1)
  })

  test('metadata lists all scopes', async () => {
    const answer = await fetch(
      `${running.get('metadata')}/.well-known/oauth-protected-resource/mcp`,
    )
    const { scopes_supported } = (await answer.json()) as { readonly scopes_supported: unknown }
    const scopes = new Set(Object.values(tools).flatMap((tool) => tool.scopes))
    expect(scopes_supported).toEqual([...scopes].sort())
  })

  test('log-webhook accepts deliveries', async () => {
    const answer = await fetch(`${running.get('log-webhook')}/auth0-log-webhook`, {
      method: 'POST',
      headers: { authorization: SECRETS.LOG_WEBHOOK_SECRET, 'content-type': 'application/json' },
      body: '[]',
    })
    expect(answer.status).toBe(200)
  })
})

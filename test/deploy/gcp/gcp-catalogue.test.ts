import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Built } from '../../../deploy/build/build.ts'
import { catalogueFor } from '../../../deploy/build/catalogue.ts'
import { functionNames } from '../../../deploy/build/functions.ts'
import { functionConfig } from '../../../deploy/function-configs.ts'
import {
  type Catalogue,
  catalogueScopes,
  parseCatalogue,
  type ToolDefinition,
} from '../../../shared/tools.ts'
import { type BuiltFunctions, buildAll } from '../../support/build.ts'
import {
  type CommandResult,
  runHere,
  SECRETS,
  VARIABLES,
  writeEnvFile,
} from '../../support/google/deploy.ts'
import { repliesAfter } from '../../support/google/deployed.ts'
import { commandsForEachTest } from '../../support/google/fake-commands.ts'
import { largeCatalogue } from '../../support/large-catalogue.ts'

const { TOOL_SCOPES_JSON: SHORT = '', ...BARE } = VARIABLES
const REST = { ...BARE, GCP_REGION: 'us-central1' }
/** The variables that the sample catalogue requires. */
const EXCHANGE = { OBO_CLIENT_ID: 'exchanger', OBO_CLIENT_SECRET: 'x'.repeat(40) }
const SCOPES_ONLY = ['log-webhook', 'metadata', 'registration']
const MEDIUM = largeCatalogue(117, 130_000)
const LARGE = largeCatalogue(400, 2_000_000)

/** Connections to it are refused. */
const NOWHERE = 'https://0.0.0.0:1'
const commands = commandsForEachTest()
let built: BuiltFunctions
beforeAll(async () => {
  built = await buildAll()
})
afterAll(() => built[Symbol.asyncDispose]())

function run(
  variables: Readonly<Record<string, unknown>>,
  args: readonly string[] = ['--skip=hosting,doctor'],
): Promise<CommandResult> {
  const file = writeEnvFile(commands.directory, { ...REST, ...variables })
  const places = [`--env-file=${file}`, `--dist=${commands.directory}/dist`]
  const build = async (name: string) => built.functions.get(name) as Built
  return runHere('deploy', [...places, ...args], {}, commands.run, build)
}

const deployments = () =>
  commands.invocations().filter(({ args }) => args.slice(0, 2).join(' ') === 'functions deploy')
const deployed = () => deployments().map(({ args }) => args[2])

const pathOf = (name: string) => `${built.directory}/${name}/catalogue.json`
const textOf = (name: string) => readFileSync(pathOf(name), 'utf8')

/** The catalogue as the function parses its file. */
function catalogueOf(name: string): Record<string, ToolDefinition> {
  return Object.fromEntries(parseCatalogue({ TOOLS_FILE: pathOf(name) }))
}

function scopesOf(tools: Readonly<Record<string, { readonly scopes: readonly string[] }>>) {
  return Object.entries(tools).map(([name, { scopes }]) => [name, scopes])
}

test('the catalogue fixtures have the sizes in their titles', () => {
  expect(Object.keys(MEDIUM.tools)).toHaveLength(117)
  expect(MEDIUM.text.length / 130_000).toBeCloseTo(1, 1)
  expect(LARGE.text.length / 2_000_000).toBeCloseTo(1, 1)
})

/** A comparable form of a parsed configuration. metadata uses only the scopes of the catalogue. */
function whatItServes(name: string, config: unknown): unknown {
  const { catalogue, ...rest } = config as { readonly catalogue?: Catalogue }
  const tools =
    name === 'metadata' && catalogue ? catalogueScopes(catalogue) : [...(catalogue ?? [])]
  return JSON.parse(JSON.stringify({ ...rest, tools }))
}

test('every function that reads a catalogue is deployed with the part of it that it reads', () => {
  const env = { ...REST, AUTH_SERVER_METADATA: 'curated' }
  for (const name of functionNames()) {
    const { variables, parse } = functionConfig(name)
    const compiled = catalogueFor(name, { TOOLS: MEDIUM.text })
    expect([name, compiled !== undefined]).toEqual([name, variables.includes('TOOLS_FILE')])
    const [lean, whole] = [compiled?.text, MEDIUM.text].map((TOOLS) => parse({ ...env, TOOLS }))
    expect(whatItServes(name, lean)).toEqual(whatItServes(name, whole))
  }
})

describe('deploy puts the catalogue into the source of each function', () => {
  test.each([
    ['a catalogue of 130 kB in TOOLS', MEDIUM],
    ['a catalogue of 2 MB in TOOLS', LARGE],
  ])(
    'passes %s completely to the gateway and only names and scopes to the others',
    async (_, large) => {
      const { code, stderr } = await run({ TOOLS: large.text, AUTH_SERVER_METADATA: 'curated' })

      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(deployed()).toEqual(['gateway', ...SCOPES_ONLY])
      for (const { args, variables } of deployments()) {
        expect(args).toContain(`--source=${built.directory}/${args[2]}`)
        expect(variables).toMatchObject({ TOOLS_FILE: 'catalogue.json' })
        expect(variables).not.toHaveProperty('TOOLS')
      }
      expect(catalogueOf('gateway')).toMatchObject(large.tools)
      for (const name of SCOPES_ONLY) {
        expect(scopesOf(catalogueOf(name))).toEqual(scopesOf(large.tools))
        expect(textOf(name).length).toBeLessThan(large.text.length / 5)
        expect(textOf(name)).not.toContain('signed-in user')
      }
    },
  )

  test('resolves TOOLS_FILE against the working directory and compiles it to JSON', async () => {
    const { code } = await run({ ...EXCHANGE, TOOLS_FILE: 'deploy/local/tools.yaml' })
    expect(code).toBe(0)
    const tools = catalogueOf('gateway')
    expect(Object.keys(tools)).toEqual([
      ...['listEvents', 'addEvent', 'summarizeEvents'],
      ...['searchEvents', 'getEvent', 'deleteEvent'],
    ])
    expect(tools['listEvents']).toMatchObject({
      title: 'List events',
      inputSchema: { type: 'object', additionalProperties: false },
    })
    // One line of JSON, without whitespace and comments.
    const text = textOf('gateway')
    expect(text).toBe(JSON.stringify(JSON.parse(text)))
  })

  test('accepts the short form TOOL_SCOPES_JSON', async () => {
    const { code } = await run({ TOOL_SCOPES_JSON: SHORT })
    expect(code).toBe(0)
    for (const name of ['gateway', 'metadata']) {
      expect(scopesOf(catalogueOf(name))).toEqual([['listEvents', ['events:read']]])
    }
    for (const { variables } of deployments()) {
      expect(variables).not.toHaveProperty('TOOL_SCOPES_JSON')
    }
  })

  test('writes a .gcloudignore that does not exclude the catalogue', async () => {
    await run({ TOOL_SCOPES_JSON: SHORT }, ['gateway'])
    const ignored = readFileSync(`${built.directory}/gateway/.gcloudignore`, 'utf8')
    expect(ignored).toBe('node_modules/\ncode-cache/\n')
  })

  test('rejects an invalid catalogue before it runs a command', async () => {
    const tools = { ...MEDIUM.tools, about: { scopes: ['two words'] } }
    const { code, stderr } = await run({ TOOLS: JSON.stringify(tools) })
    expect(code).toBe(1)
    expect(stderr).toContain('TOOLS: tool "about": ')
    expect(commands.invocations()).toEqual([])
  })
})

describe('deploy --dry-run with a catalogue', () => {
  test('lists ignored members of the catalogue once', async () => {
    const tools = Array.from({ length: 25 }, (_, n) => ({
      name: `t${n}`,
      scopes: [],
      color: 'red',
    }))
    const { stdout } = await run({ TOOLS: JSON.stringify({ tools }) }, ['--dry-run'])
    expect(stdout.match(/^Catalogue: tool "t0": color: unknown member, ignored$/gm)).toHaveLength(1)
    expect(stdout.match(/unknown member/g)).toHaveLength(20)
    expect(stdout).toContain('Catalogue: and 5 more\n')
  })

  test('prints the path and the size of the catalogue of each function', async () => {
    const file = `${commands.directory}/tools.json`
    writeFileSync(file, JSON.stringify(MEDIUM.tools, undefined, 2))
    const { code, stdout } = await run({ TOOLS_FILE: file }, ['--dry-run'])

    expect(code).toBe(0)
    expect(stdout).toMatch(
      new RegExp(`gateway: ${pathOf('gateway')} \\(117 tools, 1[234]\\d\\.\\d kB, everything\\)`),
    )
    expect(stdout).toMatch(
      new RegExp(
        `metadata: ${pathOf('metadata')} \\(117 tools, \\d+\\.\\d kB, names and scopes\\)`,
      ),
    )
    expect(stdout).toContain('    TOOLS_FILE: "catalogue.json"')
    expect(deployments()).toEqual([])
  })
})

describe('a second run of deploy', () => {
  const CHANGED = MEDIUM.text.replace('Lists, filters', 'Finds, filters')
  const OTHER_SCOPE = MEDIUM.text.replaceAll('issues:read', 'issues:list')

  test.each([
    ['changes nothing if the catalogue is the same', MEDIUM.text, []],
    ['changes nothing if only whitespace differs', JSON.stringify(MEDIUM.tools, undefined, 2), []],
    ['deploys only the gateway if a description changed', CHANGED, ['gateway']],
    [
      'deploys all functions if a scope changed',
      OTHER_SCOPE,
      ['gateway', 'log-webhook', 'metadata'],
    ],
  ])('%s', async (_, text, expected) => {
    await run({ TOOLS: MEDIUM.text })
    const first = commands.invocations()
    commands.restart()
    commands.reply(...repliesAfter(first, SECRETS))
    const { code, stdout } = await run({ TOOLS: text }, ['--only=functions'])

    expect(code).toBe(0)
    expect(deployed()).toEqual(expected)
    if (expected.length === 0) expect(stdout).toContain('Nothing to change.')
    for (const name of expected) expect(stdout).toContain(`deploy ${name} (source)`)
  })
})

describe('the environment variables of a function', () => {
  const ORIGINS = Array.from({ length: 1_500 }, (_, n) => `https://app-${n}.example.com`).join(',')

  test('are rejected above 31 KiB with the name of the longest variable', async () => {
    const { code, stderr } = await run({ TOOLS: LARGE.text, APP_ORIGIN: ORIGINS })
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^ {2}APP_ORIGIN is too long \(\d+\.\d KiB\): the variables of gateway total \d+\.\d KiB, and the limit is 31 KiB\. Shorten it/m,
    )
    expect(stderr).not.toContain('TOOLS')
    expect(commands.invocations()).toEqual([])
  })
})

test('deploy runs doctor with a catalogue that is too long for a variable', async () => {
  const { stdout, stderr } = await run(
    {
      TOOLS: LARGE.text,
      PUBLIC_URL: NOWHERE,
      OAUTH_ISSUER: `${NOWHERE}/`,
      MGMT_DOMAIN: 'localhost:1',
    },
    ['--skip=hosting'],
  )
  expect(stdout).toMatch(/^Deployed\. [\s\S]*url_unreachable/m)
  expect(stderr).toContain('Deployment finished, but doctor found problems')
})

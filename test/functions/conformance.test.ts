import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseGatewayConfig } from '../../functions/gateway/config.ts'
import { createGateway } from '../../functions/gateway/handler.ts'
import { type CatalogueFolder, catalogueFolder } from '../support/catalogue-folder.ts'
import { CONFORMANCE_QUESTIONS } from '../support/conformance-questions.ts'
import { type AskingBackend, startAskingBackend } from '../support/http/asking-backend.ts'
import { HMAC_SECRET, type Served, serve } from '../support/http/serve.ts'

const SUITE = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
)
const run = promisify(execFile)
const LIMIT_MS = 400_000

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='
const WAV = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA='
const image = { type: 'image', data: PNG, mimeType: 'image/png' }

/** What the tools that the scenarios ask for answer. */
const RESULTS: Readonly<Record<string, unknown>> = {
  test_simple_text: {
    content: [{ type: 'text', text: 'This is a simple text response for testing.' }],
  },
  test_image_content: { content: [image] },
  test_audio_content: { content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] },
  test_embedded_resource: {
    content: [
      {
        type: 'resource',
        resource: {
          uri: 'test://embedded-resource',
          mimeType: 'text/plain',
          text: 'This is an embedded resource content.',
        },
      },
    ],
  },
  test_multiple_content_types: {
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      image,
      {
        type: 'resource',
        resource: {
          uri: 'test://mixed-content-resource',
          mimeType: 'application/json',
          text: '{"test":"data","value":123}',
        },
      },
    ],
  },
  test_error_handling: {
    isError: true,
    content: [{ type: 'text', text: 'This tool intentionally returns an error for testing' }],
  },
}
const JSON_SCHEMA_TOOL = {
  description: 'Tool with JSON Schema 2020-12 features',
  scopes: [],
  inputSchema: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    $defs: {
      address: {
        $anchor: 'addressDef',
        type: 'object',
        properties: { street: { type: 'string' }, city: { type: 'string' } },
      },
    },
    properties: {
      name: { type: 'string' },
      address: { $ref: '#/$defs/address' },
      contactMethod: { type: 'string', enum: ['phone', 'email'] },
      phone: { type: 'string' },
      email: { type: 'string' },
    },
    allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
    if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema's keyword
    then: { required: ['phone'] },
    else: { required: ['email'] },
    additionalProperties: false,
  },
}

const RESOURCES = {
  'test://static-text': {
    description: 'A static text',
    text: 'This is the content of the static text resource.',
    scopes: [],
  },
  'test://static-binary': { description: 'A static image', file: 'static.png', scopes: [] },
}

const SKILL_FILES = {
  'skills/pdf-forms/SKILL.md': '---\nname: pdf-forms\ndescription: Fills in forms.\n---\n# Forms\n',
  'skills/pdf-forms/references/fields.md': '# Fields\n',
}

const BOTH = ['2025-11-25', '2026-07-28']

/** Scenarios, and the revisions in which each is run. */
const APPLICABLE: Readonly<Record<string, readonly string[]>> = {
  'server-initialize': ['2025-11-25'],
  ping: ['2025-11-25'],
  'tools-list': BOTH,
  'tools-call-simple-text': BOTH,
  'tools-call-image': BOTH,
  'tools-call-audio': BOTH,
  'tools-call-embedded-resource': BOTH,
  'tools-call-mixed-content': BOTH,
  'tools-call-error': BOTH,
  'json-schema-2020-12': BOTH,
  'resources-list': BOTH,
  'resources-read-text': BOTH,
  'resources-read-binary': BOTH,
  'dns-rebinding-protection': BOTH,
  'http-header-validation': ['2026-07-28'],
  'input-required-result-basic-elicitation': ['2026-07-28'],
  'input-required-result-basic-sampling': ['2026-07-28'],
  'input-required-result-basic-list-roots': ['2026-07-28'],
  'input-required-result-request-state': ['2026-07-28'],
  'input-required-result-multiple-input-requests': ['2026-07-28'],
  'input-required-result-multi-round': ['2026-07-28'],
  'input-required-result-missing-input-response': ['2026-07-28'],
  'input-required-result-result-type': ['2026-07-28'],
  'input-required-result-unsupported-methods': ['2026-07-28'],
  'input-required-result-tampered-state': ['2026-07-28'],
  'input-required-result-capability-check': ['2026-07-28'],
  'input-required-result-validate-input': ['2026-07-28'],
  'sep-2164-resource-not-found': ['2026-07-28'],
  'sep-2640-skills-enumeration': BOTH,
  'sep-2640-skills-manifest': BOTH,
}
/** Scenarios of which the named checks need what the server does not have; the others hold. */
const PARTLY: Readonly<Record<string, readonly string[]>> = {
  // Prompts.
  caching: ['sep-2549-prompts-list-caching-hints'],
}
/** Scenarios that give an answer half a second, which other scenarios beside them may take. */
const ALONE: Readonly<Record<string, string>> = { 'server-stateless': '2026-07-28' }
const NO_SESSION = 'it needs a session, and a stateless server mints none'
const NO_STREAM = 'answers are single JSON documents, so the server sends nothing while it works'
const NO_REQUESTS = 'it needs requests to the client over a stream, as before 2026-07-28'
const NO_TEMPLATES = 'resources have no templates: each has a URI of its own'
const NO_PROMPTS = 'the server has no prompts'
const NO_TASKS = 'the server does not offer the extension of tasks'
const NO_DIRECTORY = 'skills are read file by file: directoryRead is not offered'
const NO_HEADERS = 'a catalogue with x-mcp-header is refused at start'
const NOT_APPLICABLE: Readonly<Record<string, string>> = {
  'logging-set-level': NO_STREAM,
  'tools-call-with-logging': NO_STREAM,
  'tools-call-with-progress': NO_STREAM,
  'server-sse-polling': NO_STREAM,
  'server-session-lifecycle': NO_SESSION,
  'server-sse-multiple-streams': NO_SESSION,
  'completion-complete': 'the server has neither prompts nor templates to complete',
  'tools-call-sampling': NO_REQUESTS,
  'tools-call-elicitation': NO_REQUESTS,
  'elicitation-sep1034-defaults': NO_REQUESTS,
  'elicitation-sep1330-enums': NO_REQUESTS,
  'resources-templates-read': NO_TEMPLATES,
  'resources-subscribe': NO_STREAM,
  'resources-unsubscribe': NO_STREAM,
  'prompts-list': NO_PROMPTS,
  'prompts-get-simple': NO_PROMPTS,
  'prompts-get-with-args': NO_PROMPTS,
  'prompts-get-embedded-resource': NO_PROMPTS,
  'prompts-get-with-image': NO_PROMPTS,
  'tasks-lifecycle': NO_TASKS,
  'tasks-capability-negotiation': NO_TASKS,
  'tasks-wire-fields': NO_TASKS,
  'tasks-request-state-removal': NO_TASKS,
  'tasks-mrtr-input': NO_TASKS,
  'tasks-request-headers': NO_TASKS,
  'tasks-dispatch-and-envelope': NO_TASKS,
  'tasks-status-notifications': NO_TASKS,
  'tasks-required-task-error': NO_TASKS,
  'tasks-mrtr-composition': NO_TASKS,
  'http-custom-header-server-validation': NO_HEADERS,
  'sep-2640-skills-directory': NO_DIRECTORY,
  'input-required-result-non-tool-request': NO_PROMPTS,
  'input-required-result-ignore-extra-params':
    'it answers before it is asked; answers count with the state of their question alone',
}

let backend: AskingBackend
let served: Served
let folder: CatalogueFolder

beforeAll(async () => {
  const results = Object.entries(RESULTS).map(([name, result]) => [name, () => result] as const)
  const answers = { ...Object.fromEntries(results), ...CONFORMANCE_QUESTIONS }
  backend = await startAskingBackend(answers)
  const tools = Object.keys(answers).map((name) => [name, { description: name, scopes: [] }])
  folder = catalogueFolder(
    {
      tools: { ...Object.fromEntries(tools), json_schema_2020_12_tool: JSON_SCHEMA_TOOL },
      resources: RESOURCES,
      skills: [{ path: 'skills', scopes: [] }],
    },
    { 'static.png': Buffer.from(PNG, 'base64'), ...SKILL_FILES },
  )
  served = await serve('gateway', (url, log) =>
    createGateway(
      parseGatewayConfig({
        // Its own origin, which the rebinding scenario must find allowed.
        PUBLIC_URL: url,
        OAUTH_ISSUER: 'https://tenant.example/',
        FUNCTIONS_BASE: backend.url,
        GATEWAY_HMAC_SECRET: HMAC_SECRET,
        TOOLS_FILE: folder.file,
      }),
      { log },
    ),
  )
})
afterAll(async () => {
  await served[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

test('every server scenario of the suite is either run or left out for a reason', async () => {
  const { stdout } = await run(process.execPath, [SUITE, 'list', '--server'])
  const listed = [...stdout.matchAll(/^ {2}- (\S+)/gm)].map(([, name]) => name)
  const named = [APPLICABLE, ALONE, PARTLY, NOT_APPLICABLE].flatMap((scenarios) =>
    Object.keys(scenarios),
  )
  expect(listed.toSorted()).toEqual(named.toSorted())
})

interface Check {
  readonly id: string
  readonly status: string
}

/** The checks of one scenario, which ends with 1 where one failed. */
async function checksOf(scenario: string, revision: string): Promise<readonly Check[]> {
  const argv = ['server', '--url', `${served.url}/mcp`, '--scenario', scenario, '--verbose']
  // Scenarios of extensions belong to no revision, and are run in each by force.
  const all = [SUITE, ...argv, '--spec-version', revision, '--force', '--timeout', `${LIMIT_MS}`]
  const { stdout } = await run(process.execPath, all, { timeout: LIMIT_MS }).catch(
    (error: { readonly stdout?: string }) => ({ stdout: error.stdout ?? '' }),
  )
  return JSON.parse(/^\[[\s\S]*?^\]/m.exec(stdout)?.[0] ?? '[]')
}

const having = (checks: readonly Check[], status: string) =>
  checks.filter((check) => check.status === status).map(({ id }) => id)

// The half second is the suite's own, of a machine that may be busy.
test.each(Object.entries(ALONE))(
  '%s of %s, by itself',
  { timeout: 5 * LIMIT_MS, retry: 4 },
  async (scenario, revision) => {
    const checks = await checksOf(scenario, revision)
    expect(having(checks, 'FAILURE')).toEqual([])
    expect(having(checks, 'SUCCESS')).not.toEqual([])
  },
)

describe.concurrent('official conformance suite', { timeout: LIMIT_MS }, () => {
  const runs = Object.entries(APPLICABLE).flatMap(([scenario, revisions]) =>
    revisions.map((revision) => [scenario, revision] as const),
  )
  test.each(runs)('%s of %s', async (scenario, revision) => {
    const checks = await checksOf(scenario, revision)
    expect(having(checks, 'FAILURE')).toEqual([])
    expect(having(checks, 'WARNING')).toEqual([])
    expect(having(checks, 'SUCCESS')).not.toEqual([])
  })

  test.each(Object.entries(PARTLY))('%s, but for what the server lacks', async (scenario, ids) => {
    const checks = await checksOf(scenario, '2026-07-28')
    expect(having(checks, 'FAILURE').toSorted()).toEqual(ids.toSorted())
    expect(having(checks, 'SUCCESS')).not.toEqual([])
  })
})

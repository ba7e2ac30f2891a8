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

/** The results of the tools that the scenarios call. */
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

/** Scenarios, and the revisions for which each runs. */
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
/** Scenarios whose named checks fail because the server does not have the feature. Their other checks pass. */
const PARTLY: Readonly<Record<string, readonly string[]>> = {
  // Prompts.
  caching: ['sep-2549-prompts-list-caching-hints'],
}
/** Scenarios that run alone because they allow half a second per response. */
const ALONE: Readonly<Record<string, string>> = { 'server-stateless': '2026-07-28' }
const NO_SESSION = 'requires a session, and a stateless server creates none'
const NO_STREAM = 'requires a stream, and responses are single JSON documents'
const NO_REQUESTS = 'requires requests to the client over a stream, as before 2026-07-28'
const NO_TEMPLATES = 'requires resource templates, and each resource has a fixed URI'
const NO_PROMPTS = 'requires prompts, which the server does not have'
const NO_TASKS = 'requires the tasks extension, which the server does not offer'
const NO_DIRECTORY = 'requires directoryRead, which the server does not offer'
const NO_HEADERS = 'requires x-mcp-header, which the catalogue does not accept'
const NOT_APPLICABLE: Readonly<Record<string, string>> = {
  'logging-set-level': NO_STREAM,
  'tools-call-with-logging': NO_STREAM,
  'tools-call-with-progress': NO_STREAM,
  'server-sse-polling': NO_STREAM,
  'server-session-lifecycle': NO_SESSION,
  'server-sse-multiple-streams': NO_SESSION,
  'completion-complete': 'requires prompts or resource templates',
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
    'sends input responses without the requestState of a question, which the server ignores',
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
        // The rebinding scenario requires that the server allows its own origin.
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

test('every server scenario of the suite either runs or is listed with the reason why it does not apply', async () => {
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

/** The checks of one scenario. The suite exits with 1 if a check fails. */
async function checksOf(scenario: string, revision: string): Promise<readonly Check[]> {
  const argv = ['server', '--url', `${served.url}/mcp`, '--scenario', scenario, '--verbose']
  // Scenarios of extensions belong to no revision and run only with --force.
  const all = [SUITE, ...argv, '--spec-version', revision, '--force', '--timeout', `${LIMIT_MS}`]
  const { stdout } = await run(process.execPath, all, { timeout: LIMIT_MS }).catch(
    (error: { readonly stdout?: string }) => ({ stdout: error.stdout ?? '' }),
  )
  return JSON.parse(/^\[[\s\S]*?^\]/m.exec(stdout)?.[0] ?? '[]')
}

const having = (checks: readonly Check[], status: string) =>
  checks.filter((check) => check.status === status).map(({ id }) => id)

// The suite sets the limit of half a second, which a busy machine can exceed.
test.each(Object.entries(ALONE))(
  'the conformance scenario %s passes for revision %s when it runs alone',
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
  test.each(runs)('scenario %s passes for revision %s', async (scenario, revision) => {
    const checks = await checksOf(scenario, revision)
    expect(having(checks, 'FAILURE')).toEqual([])
    expect(having(checks, 'WARNING')).toEqual([])
    expect(having(checks, 'SUCCESS')).not.toEqual([])
  })

  test.each(Object.entries(PARTLY))(
    'scenario %s passes except for the checks of unsupported features',
    async (scenario, ids) => {
      const checks = await checksOf(scenario, '2026-07-28')
      expect(having(checks, 'FAILURE').toSorted()).toEqual(ids.toSorted())
      expect(having(checks, 'SUCCESS')).not.toEqual([])
    },
  )
})

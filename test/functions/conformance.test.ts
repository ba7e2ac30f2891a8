import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseGatewayConfig } from '../../functions/gateway/config.ts'
import { createGateway } from '../../functions/gateway/handler.ts'
import { type Backend, startBackend } from '../support/backend.ts'
import { type CatalogueFolder, catalogueFolder } from '../support/catalogue-folder.ts'
import { HMAC_SECRET, type Served, serve } from '../support/serve.ts'

const SUITE = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
)
const run = promisify(execFile)

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
        type: 'object',
        properties: { street: { type: 'string' }, city: { type: 'string' } },
      },
    },
    properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
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

const APPLICABLE = [
  'server-initialize',
  'ping',
  'tools-list',
  'tools-call-simple-text',
  'tools-call-image',
  'tools-call-audio',
  'tools-call-embedded-resource',
  'tools-call-mixed-content',
  'tools-call-error',
  'json-schema-2020-12',
  'resources-list',
  'resources-read-text',
  'resources-read-binary',
  'dns-rebinding-protection',
]
const NO_STREAM = 'answers are single JSON documents, so the server sends nothing while it works'
const NO_REQUESTS = 'a stateless server asks its client nothing'
const NO_TEMPLATES = 'resources have no templates: each has a URI of its own'
const NO_PROMPTS = 'the server has tools alone: no prompts'
const NOT_APPLICABLE: Readonly<Record<string, string>> = {
  'logging-set-level': NO_STREAM,
  'tools-call-with-logging': NO_STREAM,
  'tools-call-with-progress': NO_STREAM,
  'server-sse-polling': NO_STREAM,
  'server-sse-multiple-streams': 'it needs a session, and a stateless server mints none',
  'completion-complete': 'the server has tools alone: nothing to complete',
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
}

let backend: Backend
let served: Served
let folder: CatalogueFolder

beforeAll(async () => {
  backend = await startBackend()
  for (const [tool, body] of Object.entries(RESULTS)) backend.script(tool, { body })
  const tools = Object.keys(RESULTS).map((name) => [name, { description: name, scopes: [] }])
  folder = catalogueFolder(
    {
      tools: { ...Object.fromEntries(tools), json_schema_2020_12_tool: JSON_SCHEMA_TOOL },
      resources: RESOURCES,
    },
    { 'static.png': Buffer.from(PNG, 'base64') },
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
  expect(listed.toSorted()).toEqual([...APPLICABLE, ...Object.keys(NOT_APPLICABLE)].toSorted())
})

describe.concurrent('official conformance suite', () => {
  test.each(APPLICABLE)('%s', async (scenario) => {
    const argv = [SUITE, 'server', '--url', `${served.url}/mcp`, '--scenario', scenario]
    const { stdout } = await run(process.execPath, [...argv, '--verbose'])
    const checks = [...stdout.matchAll(/"status":\s*"([A-Z]+)"/g)].map(([, status]) => status)
    expect(checks).toContain('SUCCESS')
    expect(checks).not.toContain('FAILURE')
  })
})

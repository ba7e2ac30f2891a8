import { expect, test } from 'vitest'
import { IMITATIONS } from '../../../deploy/connect/client/imitations.ts'
import {
  type Answers,
  BACK,
  claimsFor,
  deploymentForThisFile,
  listed,
  metadata,
  needs,
  PRM,
  rs256,
  TOOL,
} from '../../support/staged-connect.ts'

const { origin, run, failureOf } = await deploymentForThisFile()

const SERVERS = (origin: string, resource: string) => ({
  resource,
  authorization_servers: [`${origin}/`],
  scopes_supported: ['events:read'],
})
const ROOT = '/.well-known/oauth-protected-resource'

test.each([
  [
    'at the path of the endpoint',
    (at: string): Answers => ({ [PRM]: [200, SERVERS(at, `${at}/mcp`)] }),
    PRM,
  ],
  [
    'at the root of the origin',
    (at: string): Answers => ({ [PRM]: 404, [ROOT]: [200, SERVERS(at, `${at}/mcp`)] }),
    ROOT,
  ],
])('connect finds the metadata %s without a challenge', async (_, answers, path) => {
  const connection = await run({
    answers: (at) => ({ ...answers(at), '/mcp': 401 }),
    back: BACK,
  })
  expect(connection.ok).toBe(true)
  expect(connection.steps[0]?.seen).toContain(`metadata at ${origin}${path}`)
})

test.each([
  ['of the origin', (at: string) => at],
  ['of the endpoint', (at: string) => `${at}/mcp`],
])(
  'connect follows the challenge to metadata at the root with the resource %s',
  async (_, resource) => {
    const connection = await run({
      answers: (at) => ({
        [PRM]: 404,
        [ROOT]: [200, SERVERS(at, resource(at))],
        '/mcp': [401, {}, { 'www-authenticate': `Bearer resource_metadata="${at}${ROOT}"` }],
        '/token': [
          200,
          {
            access_token: rs256({ ...claimsFor(at), aud: resource(at) }),
            token_type: 'Bearer',
          },
        ],
      }),
      back: BACK,
    })
    expect(connection.steps.filter((step) => !step.ok)).toEqual([])
    expect(connection.steps[0]?.seen).toContain(`${resource(origin)}, authorization server`)
  },
)

test('connect --as vscode uses the origin as the authorization server without resource metadata', async () => {
  const answers = (at: string): Answers => ({
    [PRM]: 404,
    [ROOT]: 404,
    '/mcp': 401,
    ...metadata({ issuer: at })(at),
    '/token': [200, { access_token: rs256({ ...claimsFor(at), iss: at }), token_type: 'Bearer' }],
  })
  const { steps } = await run({
    answers,
    back: BACK,
    options: () => ({ imitation: IMITATIONS.vscode, callbackPort: 0 }),
  })
  expect(steps[0]).toMatchObject({ step: 'protected-resource', ok: true })
  expect(steps[0]?.seen).toContain(`authorization server ${origin} (2025-03-26)`)
  const step = 'protected-resource'
  expect(await failureOf({ step, answers })).toMatchObject({ id: 'metadata_missing' })
})

test('connect follows the challenge of a protected tool if another tool is public', async () => {
  const place = '/custom/metadata.json'
  const connection = await run({
    answers: (at) => ({
      [PRM]: 404,
      [place]: [200, SERVERS(at, `${at}/mcp`)],
      'tools/list': listed([TOOL, needs('events:read')]),
      'tools/call': [401, {}, { 'www-authenticate': `Bearer resource_metadata="${at}${place}"` }],
    }),
    back: BACK,
  })
  expect(connection.ok).toBe(true)
  expect(connection.steps[0]?.seen).toContain('challenge on listEvents with resource_metadata')
})

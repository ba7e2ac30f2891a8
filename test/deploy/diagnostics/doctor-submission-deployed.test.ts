import { beforeEach, describe, expect, test } from 'vitest'
import { doctorReport } from '../../support/auth0/doctor.ts'
import { catalogueFolder } from '../../support/catalogue-folder.ts'
import { startedForAllTests } from '../../support/each-test.ts'
import { type Misbehaviour, startFront } from '../../support/http/front.ts'
import { acceptedCatalogue, acceptedSubmission, UI } from '../../support/submission/accepted.ts'

const TOKEN = 'token-of-the-portal'
/** The rules that a deployment on this machine cannot follow. */
const LOOPBACK = ['url_not_https', 'url_not_public']
const { skills: _, ...CATALOGUE } = acceptedCatalogue()

const front = startedForAllTests(() =>
  startFront({ TOOLS: JSON.stringify(CATALOGUE), OPENAI_APPS_CHALLENGE: TOKEN }),
)
beforeEach(() => {
  front.misbehaves = {}
})

interface Asked {
  /** The catalogue in the variables; undefined = the tools that the deployment lists. */
  readonly catalogue?: unknown
  readonly withToken?: boolean
}

async function examined({ catalogue = CATALOGUE, withToken = true }: Asked = {}) {
  const { challengeBaseUrl: __, ...submission } = acceptedSubmission()
  using folder = catalogueFolder({}, { 'submission.yaml': JSON.stringify(submission) })
  const token = withToken
    ? [
        '--token',
        await front.issuer.token({ aud: `${front.url}/mcp`, scope: 'events:read events:write' }),
      ]
    : []
  const env = catalogue === null ? {} : { TOOLS: JSON.stringify(catalogue) }
  const file = `${folder.folder}/submission.yaml`
  const args = [front.url, '--submission', '--submission-file', file, ...token]
  const report = await doctorReport(args, { env })
  const findings = report.findings.filter(({ id }) => !LOOPBACK.includes(id))
  return { ...report, findings, loopback: report.findings.length - findings.length }
}

function document(path: RegExp, change: (value: Record<string, unknown>) => unknown): Misbehaviour {
  return {
    answer: ({ body }, request) =>
      path.test(request.path) && body.startsWith('{')
        ? { body: JSON.stringify(change(JSON.parse(body))) }
        : undefined,
  }
}

function listed(change: (tool: Record<string, unknown>) => unknown): Misbehaviour {
  return document(/^\/mcp$/, (message) => {
    const result = message['result'] as { tools?: Record<string, unknown>[] } | undefined
    for (const tool of result?.tools ?? []) change(tool)
    return message
  })
}

test('reports only the missing https for the deployment of an accepted app', async () => {
  const { findings, loopback, url } = await examined()
  expect(findings).toEqual([])
  expect(loopback).toBe(2)
  expect(url).toBe(front.url)
})

test('checks the listed tools without a catalogue', async () => {
  const good = await examined({ catalogue: null })
  expect(good.findings.map(({ id }) => id)).toEqual([])
  front.misbehaves = listed((tool) => {
    if (tool['name'] !== 'profile') Object.assign(tool, { annotations: {} })
  })
  const bad = await examined({ catalogue: null })
  expect(bad.findings.map(({ id, where }) => [id, where])).toEqual([
    ['annotations_required', 'tool listEvents'],
    ['annotations_required', 'tool importEvents'],
  ])
})

test('requires a token to list tools of a deployment with sign-in', async () => {
  const { findings } = await examined({ catalogue: null, withToken: false })
  expect(findings.map(({ id }) => id)).toContain('scan_required')
  expect(findings.find(({ id }) => id === 'scan_required')?.fix).toContain('--token')
})

describe('with a catalogue', () => {
  test.each<[id: string, where: string, misbehaves: Misbehaviour]>([
    [
      'domain_verification_required',
      '/.well-known/openai-apps-challenge',
      {
        answer: (_, { path }) =>
          path.endsWith('openai-apps-challenge') ? { status: 404, body: '{}' } : undefined,
      },
    ],
    [
      'domain_verification_required',
      '/.well-known/openai-apps-challenge',
      {
        answer: (_, { path }) =>
          path.endsWith('openai-apps-challenge') ? { body: `${TOKEN}-other` } : undefined,
      },
    ],
    [
      'domain_verification_required',
      '/.well-known/openai-apps-challenge',
      {
        answer: ({ headers }, { path }) =>
          path.endsWith('openai-apps-challenge')
            ? { headers: { ...headers, 'content-type': 'application/json' } }
            : undefined,
      },
    ],
    [
      'metadata_links_missing',
      'oauth-protected-resource',
      document(/oauth-protected-resource/, ({ resource_policy_uri: _, ...rest }) => rest),
    ],
    [
      'scopes_not_advertised',
      'tool importEvents',
      document(/oauth-protected-resource/, (metadata) => ({
        ...metadata,
        scopes_supported: ['events:read'],
      })),
    ],
    [
      'security_schemes_missing',
      'tool profile',
      listed((tool) => {
        if (tool['name'] !== 'profile') return
        Object.assign(tool, { securitySchemes: undefined, _meta: {} })
      }),
    ],
    [
      'deployed_tools_differ',
      'tool listEvents',
      listed((tool) => {
        if (tool['name'] === 'listEvents') Object.assign(tool, { description: 'Older.' })
      }),
    ],
  ])('reports %s at %s', async (id, where, misbehaves) => {
    front.misbehaves = misbehaves
    const { findings } = await examined()
    expect(findings.map((finding) => finding.id)).toEqual([id])
    expect(findings[0]?.where).toContain(where)
    expect(JSON.stringify(findings)).not.toContain(TOKEN)
  })

  test('reports deployed_tools_differ for a tool that is missing on one side', async () => {
    const { profile: _, ...tools } = CATALOGUE.tools
    const { findings } = await examined({ catalogue: { ...CATALOGUE, tools } })
    const differing = findings.filter(({ id }) => id === 'deployed_tools_differ')
    expect(differing.map(({ where }) => where)).toEqual(['tool profile'])
  })

  test('reports ui_resource_unreadable for a UI that cannot be read', async () => {
    front.misbehaves = document(/^\/mcp$/, (message) => {
      const { contents, ...result } = message['result'] as Record<string, unknown>
      return contents === undefined ? message : { ...message, result }
    })
    const { findings } = await examined({ catalogue: null })
    expect(findings).toMatchObject([{ id: 'ui_resource_unreadable', where: 'tool listEvents' }])
    expect(findings[0]?.seen).toContain(UI)
  })
})

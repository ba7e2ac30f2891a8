import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { doctor, doctorReport } from '../../support/auth0/doctor.ts'
import { catalogueFolder } from '../../support/catalogue-folder.ts'
import {
  acceptedCatalogue,
  acceptedSubmission,
  type SampleCatalogue,
  type SampleSubmission,
  SKILL,
  SUBMISSION_ENV,
  UI,
} from '../../support/submission.ts'

interface Written {
  readonly catalogue: SampleCatalogue
  readonly submission: SampleSubmission
  readonly env: Record<string, string>
  readonly files: Record<string, string>
}
type Change = (written: Written) => unknown

/** Examines the accepted catalogue with one change. */
async function examined(change: Change = () => undefined, args: readonly string[] = []) {
  const written: Written = {
    catalogue: acceptedCatalogue(),
    submission: acceptedSubmission(),
    env: { ...SUBMISSION_ENV },
    files: { 'skills/find-events/SKILL.md': SKILL },
  }
  change(written)
  using folder = catalogueFolder(written.catalogue, {
    'submission.yaml': JSON.stringify(written.submission),
    ...written.files,
  })
  const options = { env: { ...written.env, TOOLS_FILE: folder.file }, fetch: noFetch }
  return await doctorReport(['--submission', ...args], options)
}

const noFetch: typeof fetch = () => Promise.reject(new Error('it must stay offline'))
const tool = (name: string, members: Record<string, unknown>): Change => {
  return ({ catalogue }) => Object.assign(catalogue.tools[name] ?? {}, members)
}
const meta = (name: string, members: Record<string, unknown>): Change => {
  return ({ catalogue }) => Object.assign(catalogue.tools[name]?.['_meta'] as object, members)
}
function uiMeta({ catalogue }: Written): { csp: object } {
  const { ui: own } = (catalogue.resources[UI]?.['_meta'] ?? {}) as { ui: { csp: object } }
  return own
}
const ui = (members: Record<string, unknown>): Change => {
  return (written) => Object.assign(uiMeta(written), members)
}
const csp = (members: Record<string, unknown>): Change => {
  return (written) => Object.assign(uiMeta(written).csp, members)
}
const html = (text: string): Change => {
  return ({ catalogue }) => Object.assign(catalogue.resources[UI] ?? {}, { text })
}
const server = (members: Record<string, unknown>): Change => {
  return ({ catalogue }) => Object.assign(catalogue.server, members)
}
const submitted = (members: Record<string, unknown>): Change => {
  return ({ submission }) => Object.assign(submission, members)
}
const listing = (members: Record<string, unknown>): Change => {
  return ({ submission }) => Object.assign(submission['listing'] as object, members)
}
const hints = (members: Record<string, unknown>): Change => {
  return tool('listEvents', {
    annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false, ...members },
  })
}
const firstTest = (members: Record<string, unknown>): Change => {
  return ({ submission }) => Object.assign(submission.tests.positive[0] ?? {}, members)
}
const NAME_OF_65 = 'a'.repeat(65)
const skill = (text: string): Change => {
  return ({ files }) => Object.assign(files, { 'skills/find-events/SKILL.md': text })
}
function renamed(name: string): Change {
  return ({ catalogue, submission }) => {
    const { importEvents = {}, ...others } = catalogue.tools
    catalogue.tools = { ...others, [name]: importEvents }
    const { importEvents: reasons = {}, ...rest } = submission.justifications
    submission.justifications = { ...rest, [name]: reasons }
  }
}

/** Each breaks one rule. */
const BROKEN: readonly (readonly [id: string, where: string, change: Change])[] = [
  ['annotations_required', 'tool listEvents', hints({ openWorldHint: undefined })],
  ['annotations_required', 'tool importEvents', tool('importEvents', { annotations: undefined })],
  ['annotations_contradictory', 'tool listEvents', hints({ destructiveHint: true })],
  [
    'annotations_contradictory',
    'tool importEvents',
    tool('importEvents', { request: { method: 'DELETE', url: 'https://api.example.com/events' } }),
  ],
  [
    'justification_required',
    'tool profile',
    ({ submission }) => delete submission.justifications['profile'],
  ],
  [
    'justification_required',
    'tool listEvents',
    ({ submission }) =>
      Object.assign(submission.justifications['listEvents'] ?? {}, { destructiveHint: ' ' }),
  ],
  [
    'justification_unknown_tool',
    'justifications',
    ({ submission }) => Object.assign(submission.justifications, { gone: {} }),
  ],
  [
    'submission_annotations_differ',
    'tool listEvents',
    submitted({ tools: { listEvents: { annotations: { readOnlyHint: false } } } }),
  ],
  ['tool_name_unsupported', 'tool import.events', renamed('import.events')],
  ['tool_name_unsupported', `tool ${NAME_OF_65}`, renamed(NAME_OF_65)],
  ['tool_description_required', 'tool importEvents', tool('importEvents', { description: ' ' })],
  ['tool_title_missing', 'tool importEvents', tool('importEvents', { title: undefined })],
  [
    'tool_text_unsupported',
    'tool importEvents',
    tool('importEvents', { description: 'Adds events.\u202e' }),
  ],
  [
    'invocation_text_too_long',
    'tool listEvents',
    meta('listEvents', { 'openai/toolInvocation/invoking': 'x'.repeat(65) }),
  ],
  ['instructions_missing', 'server.instructions', server({ instructions: undefined })],
  ['instructions_too_long', 'server.instructions', server({ instructions: 'x'.repeat(513) })],
  ['output_schema_missing', 'tool importEvents', tool('importEvents', { outputSchema: undefined })],
  [
    'file_params_invalid',
    'tool importEvents',
    meta('importEvents', { 'openai/fileParams': ['files'] }),
  ],
  [
    'profile_tool_invalid',
    'tool profile',
    tool('profile', { securitySchemes: [{ type: 'noauth' }] }),
  ],
  [
    'search_fetch_incompatible',
    'tool importEvents',
    ({ catalogue, submission }) => {
      const { profile = {} } = catalogue.tools
      const one = (argument: string) => ({
        ...{ ...profile, answeredBy: 'backend', _meta: {}, outputSchema: {} },
        inputSchema: {
          type: 'object',
          properties: { [argument]: { type: 'string' } },
          required: [argument],
        },
      })
      Object.assign(catalogue.tools, { search: one('query'), fetch: one('id') })
      const { profile: reasons = {} } = submission.justifications
      Object.assign(submission.justifications, { search: reasons, fetch: reasons })
    },
  ],
  [
    'sensitive_argument',
    'tool listEvents',
    tool('listEvents', { inputSchema: { type: 'object', properties: { api_key: {} } } }),
  ],
  ['ui_domain_required', `resource ${UI}`, ui({ domain: undefined })],
  ['ui_domain_not_origin', `resource ${UI}`, ui({ domain: 'events.example.com' })],
  ['ui_domain_not_origin', `resource ${UI}`, ui({ domain: 'https://example.com/events' })],
  [
    'ui_domain_not_unique',
    `resource ${UI}`,
    ui({ domain: 'https://web-sandbox.oaiusercontent.com' }),
  ],
  [
    'ui_csp_required',
    `resource ${UI}`,
    (written) => {
      ui({ csp: undefined })(written)
    },
  ],
  [
    'ui_csp_incomplete',
    `resource ${UI}`,
    (written) => {
      html('<p>nothing</p>')(written)
      csp({ connectDomains: undefined })(written)
    },
  ],
  ['ui_csp_undeclared', `resource ${UI}`, csp({ connectDomains: [] })],
  ['ui_csp_undeclared', `resource ${UI}`, html('<img src="https://images.example.org/a.png">')],
  [
    'ui_csp_undeclared',
    `resource ${UI}`,
    html('<style>@import "https://fonts.example.org/a"</style>'),
  ],
  ['ui_csp_undeclared', `resource ${UI}`, html('<iframe src="https://example.org/"></iframe>')],
  [
    'ui_csp_broad',
    `resource ${UI}`,
    csp({ connectDomains: ['https://api.example.com', 'http://a.example.com'] }),
  ],
  ['frame_domain_explanation_required', `resource ${UI}`, submitted({ frameDomains: {} })],
  [
    'ui_resource_unreadable',
    'tool listEvents',
    ({ catalogue }) => Object.assign(catalogue, { resources: {} }),
  ],
  [
    'ui_resource_unreadable',
    UI,
    ({ catalogue }) => Object.assign(catalogue.resources[UI] ?? {}, { mimeType: 'text/html' }),
  ],
  ['screenshots_incomplete', 'screenshots', submitted({ screenshots: ['a.png', 'b.png'] })],
  [
    'skill_body_empty',
    'skill skill://find-events/SKILL.md',
    skill(SKILL.replace('Call listEvents.', '')),
  ],
  ['skill_invalid', 'the catalogue', skill(`${SKILL}${'x'.repeat(256 * 1024)}`)],
  ['privacy_policy_required', 'server.policy', server({ policy: undefined })],
  ['terms_required', 'server.terms', submitted({ terms: 'http://www.example.com/terms' })],
  [
    'support_required',
    'server.documentation',
    ({ catalogue, submission }) => {
      delete catalogue.server['documentation']
      delete submission['support']
    },
  ],
  [
    'website_required',
    'server.websiteUrl',
    submitted({ website: `https://example.com/${'x'.repeat(1024)}` }),
  ],
  [
    'url_not_public',
    'PUBLIC_URL',
    ({ env, submission }) => {
      Object.assign(env, { PUBLIC_URL: 'http://localhost:8080' })
      delete submission['challengeBaseUrl']
    },
  ],
  [
    'url_not_public',
    'FUNCTIONS_BASE',
    ({ env }) => Object.assign(env, { FUNCTIONS_BASE: 'http://127.0.0.1:9' }),
  ],
  [
    'url_not_public',
    'tool importEvents',
    tool('importEvents', { request: { url: 'http://localhost:3000/events' } }),
  ],
  ['url_not_public', 'server.icons', server({ icons: [{ src: 'http://localhost/icon.png' }] })],
  [
    'positive_tests_required',
    'tests.positive',
    ({ submission }) => submission.tests.positive.pop(),
  ],
  [
    'negative_tests_required',
    'tests.negative',
    ({ submission }) => submission.tests.negative.push({ prompt: 'Sing.', expected: 'Nothing.' }),
  ],
  ['test_case_incomplete', 'tests.positive.0', firstTest({ expected: '' })],
  ['test_case_tool_unknown', 'tests.positive.0', firstTest({ tools: ['gone'] })],
  ['demo_account_required', 'demoAccount', submitted({ demoAccount: undefined })],
  ['demo_account_required', 'demoAccount', submitted({ demoAccount: { username: 'reviewer' } })],
  ['demo_recording_missing', 'submission.yaml', submitted({ demoRecording: undefined })],
  ['release_notes_missing', 'submission.yaml', submitted({ releaseNotes: undefined })],
  ['submission_display_name_too_long', 'listing.name', listing({ name: 'x'.repeat(31) })],
  ['submission_display_name_required', 'listing.name', listing({ name: undefined })],
  [
    'submission_subtitle_too_long',
    'listing.shortDescription',
    listing({ shortDescription: 'x'.repeat(31) }),
  ],
  [
    'submission_subtitle_character_unsupported',
    'listing.shortDescription',
    listing({ shortDescription: 'a\nb' }),
  ],
  [
    'submission_description_too_long',
    'listing.description',
    listing({ description: 'x'.repeat(4001) }),
  ],
  [
    'submission_developer_name_too_long',
    'listing.developerName',
    listing({ developerName: 'x'.repeat(81) }),
  ],
  [
    'plugin_default_prompt_mention',
    'starterPrompts',
    submitted({ starterPrompts: ['Ask @Events.'] }),
  ],
  [
    'plugin_default_prompt_too_long',
    'starterPrompts',
    submitted({ starterPrompts: ['x'.repeat(129)] }),
  ],
  ['plugin_default_prompt_empty', 'starterPrompts', submitted({ starterPrompts: [' '] })],
  [
    'plugin_default_prompt_duplicate',
    'starterPrompts',
    submitted({ starterPrompts: ['A b.', 'A  b.'], screenshots: [] }),
  ],
  [
    'plugin_default_prompt_too_many',
    'starterPrompts',
    submitted({ starterPrompts: ['A.', 'B.', 'C.', 'D.'], screenshots: [] }),
  ],
  [
    'domain_verification_required',
    'OPENAI_APPS_CHALLENGE',
    submitted({ domainVerification: 'another-token' }),
  ],
  [
    'domain_verification_required',
    'OPENAI_APPS_CHALLENGE',
    ({ env, submission }) => {
      delete env['OPENAI_APPS_CHALLENGE']
      delete submission['domainVerification']
    },
  ],
  [
    'challenge_base_invalid',
    'challengeBaseUrl',
    submitted({ challengeBaseUrl: 'https://example.org' }),
  ],
  [
    'submission_file_invalid',
    'submission.yaml',
    ({ files }) => Object.assign(files, { 'submission.yaml': 'a: [' }),
  ],
]
/** Rules that a broken file breaks, too: nothing is left of what it says. */
const WITHOUT_FILE = [
  'demo_account_required',
  'demo_recording_missing',
  'frame_domain_explanation_required',
  'justification_required',
  'negative_tests_required',
  'positive_tests_required',
  'release_notes_missing',
]

test('an app that keeps all rules has no finding', async () => {
  const { ok, findings, checked, skipped } = await examined()
  expect(findings).toEqual([])
  expect(ok).toBe(true)
  expect(checked.length).toBeGreaterThan(30)
  expect(skipped.map(({ reason }) => reason)).toEqual(skipped.map(() => 'no URL was given'))
})

test.each(BROKEN)('%s is the only finding, at %s', async (id, where, change) => {
  const { findings } = await examined(change)
  const others = id === 'submission_file_invalid' ? WITHOUT_FILE : []
  expect(findings.map((finding) => finding.id).filter((other) => !others.includes(other))).toEqual([
    id,
  ])
  const [finding] = findings
  expect(finding?.where).toContain(where)
  for (const text of [finding?.seen, finding?.why, finding?.fix]) expect(text).toMatch(/\S/)
})

test('screenshots are refused where no tool has a UI', async () => {
  const { findings } = await examined(({ catalogue, submission }) => {
    Object.assign(catalogue, { resources: {} })
    Object.assign(catalogue.tools['listEvents'] ?? {}, { _meta: {} })
    Object.assign(submission, { frameDomains: {} })
  })
  expect(findings.map(({ id }) => id)).toEqual(['screenshots_not_allowed'])
})

test('an app without sign-in needs no demo account', async () => {
  const { findings } = await examined(({ catalogue, submission }) => {
    for (const entry of Object.values(catalogue.tools)) Object.assign(entry, { scopes: [] })
    delete catalogue.tools['profile']
    delete submission.justifications['profile']
    delete submission['demoAccount']
  })
  expect(findings).toEqual([])
})

describe('the submission file', () => {
  test('takes the form that OpenAI’s own file has', async () => {
    const own = acceptedSubmission()
    const cases = (list: readonly Record<string, unknown>[]) =>
      list.map(({ prompt, expected, tools }) => ({
        description: 'A test.',
        user_prompt: prompt,
        file_attachment_urls: null,
        tools_triggered: Array.isArray(tools) ? tools.join(', ') : null,
        expected_output: expected,
        expected_output_url: null,
      }))
    const theirs = {
      $schema: 'https://developers.openai.com/apps-sdk/schemas/chatgpt-app-submission.v1.json',
      schema_version: 1,
      app_info: {
        display_name: 'Events',
        subtitle: 'Your calendar',
        description: 'Lists events.',
        category: 'PRODUCTIVITY',
      },
      tools: Object.fromEntries(
        Object.entries(own.justifications).map(([name, reasons]) => [
          name,
          {
            annotations: { destructiveHint: false, openWorldHint: false },
            justifications: {
              read_only_justification: reasons['readOnlyHint'],
              open_world_justification: reasons['openWorldHint'],
              destructive_justification: reasons['destructiveHint'],
            },
          },
        ]),
      ),
      test_cases: cases(own.tests.positive),
      negative_test_cases: cases(own.tests.negative),
    }
    using theirFile = catalogueFolder({}, { 'chatgpt-app-submission.json': JSON.stringify(theirs) })
    const { justifications, tests, listing: _, ...rest } = own
    using ourFile = catalogueFolder({}, { 'rest.yaml': JSON.stringify(rest) })
    const { findings } = await examined(undefined, [
      '--submission-file',
      `${theirFile.folder}/chatgpt-app-submission.json`,
      '--submission-file',
      `${ourFile.folder}/rest.yaml`,
    ])
    expect(findings).toEqual([])
  })

  test('must not have a password, which no message quotes', async () => {
    const report = await examined(({ submission }) =>
      Object.assign(submission['demoAccount'] as object, { password: 'a-secret-of-a-person' }),
    )
    expect(report.findings[0]).toMatchObject({ id: 'submission_file_invalid' })
    expect(JSON.stringify(report)).not.toContain('a-secret-of-a-person')
  })

  test('that was named must be there', async () => {
    const { findings } = await examined(undefined, ['--submission-file', '/nowhere/at-all.yaml'])
    expect(findings[0]).toMatchObject({
      id: 'submission_file_invalid',
      seen: '/nowhere/at-all.yaml cannot be read',
    })
  })
})

describe('the command', () => {
  test.each<[string[], Record<string, string>, string]>([
    [['--submission'], {}, 'set TOOLS_FILE or TOOLS, or pass a URL'],
    [['--submission', '--plan', 'free'], { TOOLS: '{}' }, 'cannot be combined with --plan'],
    [['--submission', '--token', 'a'], { TOOLS: '{}' }, 'requires a URL when --token is given'],
    [['--submission-file', 'a'], { TOOLS: '{}' }, '--submission-file requires --submission'],
  ])('%j is wrong usage', async (args, env, message) => {
    const { exitCode, errorOutput } = await doctor(args, { env })
    expect(errorOutput).toContain(message)
    expect(exitCode).toBe(2)
  })

  test('tells people what the sample catalogue lacks, as docs/tools.md has it', async () => {
    const env = { TOOLS_FILE: 'deploy/local/tools.yaml' }
    const { output, exitCode } = await doctor(['--submission'], { env, fetch: noFetch })
    expect(exitCode).toBe(1)
    const [, verdict = ''] =
      /^(Not ready to submit: .*\.) \d+ checks? skipped\.$/m.exec(output) ?? []
    expect(verdict).not.toBe('')
    expect(readFileSync('docs/tools.md', 'utf8')).toContain(verdict)
  })

  test('tells people of a rule that many tools break once, with all of them', async () => {
    const env = { TOOLS_FILE: 'deploy/local/tools.yaml' }
    const { output } = await doctor(['--submission'], { env, fetch: noFetch })
    expect(output.match(/^ {2}x {3}justification_required$/gm)).toHaveLength(1)
    expect(output).toContain('; and 5 others')
    const { findings } = await doctorReport(['--submission'], { env, fetch: noFetch })
    const each = findings.filter(({ id }) => id === 'justification_required')
    expect(each).toHaveLength(6)
    const line = output.replace(/\s+/g, ' ')
    expect(line).toContain(each.map(({ where }) => where).join(', '))
  })

  test('a warning alone is no failure', async () => {
    using folder = catalogueFolder(
      { ...acceptedCatalogue(), server: { ...acceptedCatalogue().server, instructions: null } },
      {
        'submission.yaml': JSON.stringify(acceptedSubmission()),
        'skills/find-events/SKILL.md': SKILL,
      },
    )
    const env = { ...SUBMISSION_ENV, TOOLS_FILE: folder.file }
    const { exitCode, output } = await doctor(['--submission'], { env, fetch: noFetch })
    expect(exitCode).toBe(0)
    expect(output).toContain('Ready to submit, with 1 warning.')
  })
})

test('docs/tools.md has a fix for every rule', () => {
  const documentation = readFileSync('docs/tools.md', 'utf8')
  const missing = [...new Set(BROKEN.map(([id]) => id))].filter(
    (id) => !documentation.includes(`\`${id}\``),
  )
  expect(missing).toEqual([])
})

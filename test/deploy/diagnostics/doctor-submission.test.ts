import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SKILL, UI } from '../../support/submission/accepted.ts'
import {
  type Change,
  csp,
  examined,
  firstTest,
  hints,
  html,
  listing,
  meta,
  renamed,
  server,
  skill,
  submitted,
  tool,
  ui,
} from '../../support/submission/changes.ts'

const NAME_OF_65 = 'a'.repeat(65)

/** Each change violates one rule. */
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
/** The rules that an app also violates if its submission file is invalid. */
const WITHOUT_FILE = [
  'demo_account_required',
  'demo_recording_missing',
  'frame_domain_explanation_required',
  'justification_required',
  'negative_tests_required',
  'positive_tests_required',
  'release_notes_missing',
]

test('reports nothing for an app that follows all rules', async () => {
  const { ok, findings, checked, skipped } = await examined()
  expect(findings).toEqual([])
  expect(ok).toBe(true)
  expect(checked.length).toBeGreaterThan(30)
  expect(skipped.map(({ reason }) => reason)).toEqual(skipped.map(() => 'no URL was given'))
})

test.each(BROKEN)('reports only %s at %s', async (id, where, change) => {
  const { findings } = await examined(change)
  const others = id === 'submission_file_invalid' ? WITHOUT_FILE : []
  expect(findings.map((finding) => finding.id).filter((other) => !others.includes(other))).toEqual([
    id,
  ])
  const [finding] = findings
  expect(finding?.where).toContain(where)
  for (const text of [finding?.seen, finding?.why, finding?.fix]) expect(text).toMatch(/\S/)
})

test('reports screenshots when no tool has a UI', async () => {
  const { findings } = await examined(({ catalogue, submission }) => {
    Object.assign(catalogue, { resources: {} })
    Object.assign(catalogue.tools['listEvents'] ?? {}, { _meta: {} })
    Object.assign(submission, { frameDomains: {} })
  })
  expect(findings.map(({ id }) => id)).toEqual(['screenshots_not_allowed'])
})

const SINGULAR: readonly (readonly [seen: string, change: Change])[] = [
  [
    'the submission has 1 screenshot for 2 starter prompts',
    submitted({ screenshots: ['a.png'], starterPrompts: ['A.', 'B.'] }),
  ],
  [
    'the submission has 1 negative test, not 3',
    ({ submission }) => submission.tests.negative.splice(1),
  ],
]

test.each(SINGULAR)('counts one item in the singular: %s', async (seen, change) => {
  const { findings } = await examined(change)
  expect(findings.map((finding) => finding.seen)).toEqual([seen])
})

test('requires no demo account for an app without sign-in', async () => {
  const { findings } = await examined(({ catalogue, submission }) => {
    for (const entry of Object.values(catalogue.tools)) Object.assign(entry, { scopes: [] })
    delete catalogue.tools['profile']
    delete submission.justifications['profile']
    delete submission['demoAccount']
  })
  expect(findings).toEqual([])
})

test('documents a fix for every rule in docs/tools.md', () => {
  const documentation = readFileSync('docs/tools.md', 'utf8')
  const missing = [...new Set(BROKEN.map(([id]) => id))].filter(
    (id) => !documentation.includes(`\`${id}\``),
  )
  expect(missing).toEqual([])
})

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { doctor, doctorReport } from '../../support/auth0/doctor.ts'
import { catalogueFolder } from '../../support/catalogue-folder.ts'
import {
  acceptedCatalogue,
  acceptedSubmission,
  SKILL,
  SUBMISSION_ENV,
} from '../../support/submission/accepted.ts'
import { examined, noFetch } from '../../support/submission/changes.ts'

describe('the submission file', () => {
  test('can have the format of OpenAI’s own file', async () => {
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

  test('must not contain a password, and no message quotes it', async () => {
    const report = await examined(({ submission }) =>
      Object.assign(submission['demoAccount'] as object, { password: 'a-secret-of-a-person' }),
    )
    expect(report.findings[0]).toMatchObject({ id: 'submission_file_invalid' })
    expect(JSON.stringify(report)).not.toContain('a-secret-of-a-person')
  })

  test('must exist if it is named', async () => {
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
  ])('reports a usage error for %j', async (args, env, message) => {
    const { exitCode, errorOutput } = await doctor(args, { env })
    expect(errorOutput).toContain(message)
    expect(exitCode).toBe(2)
  })

  test('prints the findings about the sample catalogue as in docs/tools.md', async () => {
    const env = { TOOLS_FILE: 'deploy/local/tools.yaml' }
    const { output, exitCode } = await doctor(['--submission'], { env, fetch: noFetch })
    expect(exitCode).toBe(1)
    const [, verdict = ''] =
      /^(Not ready to submit: .*\.) \d+ checks? skipped\.$/m.exec(output) ?? []
    expect(verdict).not.toBe('')
    expect(readFileSync('docs/tools.md', 'utf8')).toContain(verdict)
  })

  test('prints a rule that many tools violate once, with all tools', async () => {
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

  test('exits with 0 if there are only warnings', async () => {
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

import { isOpen } from '../../../shared/catalogue/access.ts'
import { type Finding, fault, warning } from '../check.ts'
import type { Subject, SubmissionCheck } from './subject.ts'
import type { TestCase } from './submission-file.ts'
import type { Listing } from '../../auth0/doctor/submission/submission-form.ts'

const KINDS = [
  ['positive', 5],
  ['negative', 3],
] as const
/** Longest values of the listing, in characters. */
const LONGEST: Readonly<Record<Exclude<keyof Listing, 'category'>, readonly [number, string]>> = {
  name: [30, 'submission_display_name'],
  shortDescription: [30, 'submission_subtitle'],
  description: [4000, 'submission_description'],
  developerName: [80, 'submission_developer_name'],
}
const MAX_PROMPTS = 3
const MAX_PROMPT_CHARACTERS = 128

/** What reviewers need beside the server. */
export const MATERIAL_CHECKS: readonly SubmissionCheck[] = [
  {
    name: 'test-cases',
    title: 'there are exactly five positive and three negative tests',
    run: (seen) =>
      KINDS.flatMap(([kind, wanted]) => {
        const count = seen.submission?.[kind].length ?? 0
        if (count === wanted) return []
        return [
          fault({
            id: `${kind}_tests_required`,
            seen: `there are ${count} ${kind} tests, and must be ${wanted}`,
            why: 'The portal takes exactly five positive and three negative tests',
            fix: `write ${wanted} under tests.${kind}`,
            where: `${seen.submissionFile}: tests.${kind}`,
          }),
        ]
      }),
  },
  {
    name: 'test-contents',
    title: 'every test has a prompt and what to expect, and names tools of the catalogue',
    run: (seen) =>
      KINDS.flatMap(([kind]) =>
        (seen.submission?.[kind] ?? []).flatMap((test, index) =>
          contentFaults(test, kind, index, seen),
        ),
      ),
  },
  {
    name: 'demo-account',
    title: 'reviewers can sign in with a demo account',
    run: ({ tools, submission, submissionFile }) => {
      if (tools.every((tool) => tool.access === 'public'))
        return { skipped: 'no tool has a sign-in' }
      const account = submission?.demoAccount
      const isReady = account !== undefined && account.mfa === false
      if (isReady) return []
      const closed = tools.find((tool) => !isOpen(tool))
      return [
        fault({
          id: 'demo_account_required',
          seen:
            account === undefined
              ? `${closed?.name ?? 'a tool'} has a sign-in, and there is no demo account`
              : 'the demo account is not said to work without a second factor',
          why: 'Reviewers sign in with an account that has sample data, without a second factor and without sign-up',
          fix: `make such a user, and write demoAccount: {username: …, mfa: false} in ${submissionFile}; the password goes to the portal alone`,
          where: `${submissionFile}: demoAccount`,
        }),
      ]
    },
  },
  {
    name: 'listing',
    title: 'the listing keeps the limits of the directory',
    run: ({ submission, submissionFile }) => {
      const listing = submission?.listing
      if (listing === undefined) return { skipped: `${submissionFile} has no listing` }
      return Object.entries(LONGEST).flatMap(([name, [most, id]]): readonly Finding[] => {
        const text = listing[name as keyof typeof LONGEST]
        // OpenAI's own file has no name of the developer.
        if (text === undefined && name === 'developerName') return []
        const where = `${submissionFile}: listing.${name}`
        if (text === undefined) {
          return [
            fault({
              id: `${id}_required`,
              seen: `the listing has no ${name}`,
              why: 'The portal requires it',
              fix: `write listing.${name}, at most ${most} characters`,
              where,
            }),
          ]
        }
        const length = [...text].length
        if (length > most) {
          return [
            fault({
              id: `${id}_too_long`,
              seen: `listing.${name} has ${length} characters`,
              why: `The directory takes ${most}`,
              fix: 'shorten it',
              where,
            }),
          ]
        }
        if (name === 'description' || !text.includes('\n')) return []
        return [
          fault({
            id: `${id}_character_unsupported`,
            seen: `listing.${name} has more than one line`,
            why: 'The directory takes one line',
            fix: 'write it in one line',
            where,
          }),
        ]
      })
    },
  },
  {
    name: 'starter-prompts',
    title: `there are at most ${MAX_PROMPTS} starter prompts, short and different`,
    run: ({ submission, submissionFile }) => {
      const prompts = submission?.starterPrompts ?? []
      if (prompts.length === 0) return { skipped: `${submissionFile} has no starterPrompts` }
      const keys = prompts.map((prompt) => prompt.normalize('NFKC').replace(/\s+/g, ' ').trim())
      const seen = [
        ...(prompts.length > MAX_PROMPTS
          ? [['plugin_default_prompt_too_many', `there are ${prompts.length}`] as const]
          : []),
        ...(new Set(keys).size < keys.length
          ? [['plugin_default_prompt_duplicate', 'two are the same'] as const]
          : []),
        ...(keys.some((key) => /(?:^|\s)@\w/.test(key))
          ? [['plugin_default_prompt_mention', 'one mentions an app with @'] as const]
          : []),
        ...(keys.some((key) => key === '')
          ? [['plugin_default_prompt_empty', 'one is empty'] as const]
          : []),
        ...(keys.some((key) => [...key].length > MAX_PROMPT_CHARACTERS)
          ? [['plugin_default_prompt_too_long', 'one is too long'] as const]
          : []),
      ]
      return seen.map(([id, what]) =>
        fault({
          id,
          seen: `starter prompts: ${what}`,
          why: 'The directory refuses it',
          fix: `write at most ${MAX_PROMPTS} different prompts of at most ${MAX_PROMPT_CHARACTERS} characters, without @`,
          where: `${submissionFile}: starterPrompts`,
        }),
      )
    },
  },
  {
    name: 'review-notes',
    title: 'there are a recording and release notes',
    run: ({ submission, submissionFile }) =>
      (['demoRecording', 'releaseNotes'] as const)
        .filter((name) => submission?.[name] === undefined)
        .map((name) =>
          warning({
            id: name === 'demoRecording' ? 'demo_recording_missing' : 'release_notes_missing',
            seen: `${submissionFile} has no ${name}`,
            why: 'The portal requires it for the final submission',
            fix: `write ${name}, or enter it in the portal`,
            where: submissionFile,
          }),
        ),
  },
]

function contentFaults(
  test: TestCase,
  kind: 'positive' | 'negative',
  index: number,
  { tools, submissionFile }: Subject,
): readonly Finding[] {
  const where = `${submissionFile}: tests.${kind}.${index}`
  const missing = (['prompt', 'expected'] as const).filter((name) => test[name] === '')
  const known = new Set(tools.map(({ name }) => name))
  return [
    ...missing.map((name) =>
      fault({
        id: 'test_case_incomplete',
        seen: `the test has no ${name}`,
        why: 'Reviewers run each test without further knowledge',
        fix: `write ${name}`,
        where,
      }),
    ),
    ...test.tools
      .filter((name) => !known.has(name))
      .map((name) =>
        fault({
          id: 'test_case_tool_unknown',
          seen: `the test names ${name.slice(0, 128)}, which is no tool`,
          why: 'Reviewers look for a call of that tool',
          fix: 'name the tool as the catalogue does',
          where,
        }),
      ),
  ]
}

import { isOpen } from '../../../shared/catalogue/access.ts'
import { quantity } from '../../kit/quantity.ts'
import type { Observed, PlainFaultId } from '../faults/faults.ts'
import type { Subject, SubmissionCheck } from './subject.ts'
import type { Listing, TestCase } from './submission-file.ts'

const KINDS = [
  ['positive', 5, 'positive_tests_required'],
  ['negative', 3, 'negative_tests_required'],
] as const
const MAX_PROMPTS = 3
const MAX_PROMPT_CHARACTERS = 128

interface ListingRule {
  readonly maxCharacters: number
  readonly required: PlainFaultId
  readonly tooLong: PlainFaultId
  /** Of a text with several lines, where that is a fault. */
  readonly unsupported?: PlainFaultId
}

const LISTING_RULES: Readonly<Record<Exclude<keyof Listing, 'category'>, ListingRule>> = {
  name: {
    maxCharacters: 30,
    required: 'submission_display_name_required',
    tooLong: 'submission_display_name_too_long',
    unsupported: 'submission_display_name_character_unsupported',
  },
  shortDescription: {
    maxCharacters: 30,
    required: 'submission_subtitle_required',
    tooLong: 'submission_subtitle_too_long',
    unsupported: 'submission_subtitle_character_unsupported',
  },
  description: {
    maxCharacters: 4000,
    required: 'submission_description_required',
    tooLong: 'submission_description_too_long',
  },
  developerName: {
    maxCharacters: 80,
    required: 'submission_developer_name_required',
    tooLong: 'submission_developer_name_too_long',
    unsupported: 'submission_developer_name_character_unsupported',
  },
}

/** The materials that reviewers need in addition to the server. */
export const MATERIAL_CHECKS: readonly SubmissionCheck[] = [
  {
    name: 'test-cases',
    title: 'There are exactly five positive and three negative tests',
    run: ({ submission, submissionFile }) =>
      KINDS.flatMap(([kind, expected, id]) => {
        const count = submission?.[kind].length ?? 0
        if (count === expected) return []
        const seen = `the submission has ${quantity(count, `${kind} test`)}, not ${expected}`
        return [{ id, seen, where: `${submissionFile}: tests.${kind}` }]
      }),
  },
  {
    name: 'test-contents',
    title: 'Every test has a prompt and an expected result, and names tools of the catalogue',
    run: (subject) =>
      KINDS.flatMap(([kind]) =>
        (subject.submission?.[kind] ?? []).flatMap((test, index) => {
          const where = `${subject.submissionFile}: tests.${kind}.${index}`
          return testFaults(test, where, subject)
        }),
      ),
  },
  {
    name: 'demo-account',
    title: 'Reviewers can sign in with a demo account',
    run: ({ tools, submission, submissionFile: file }) => {
      if (tools.every((tool) => tool.access === 'public')) {
        return { skipped: 'no tool has a sign-in' }
      }
      const account = submission?.demoAccount
      if (account !== undefined && account.mfa === false) return []
      const closed = tools.find((tool) => !isOpen(tool))
      const seen =
        account === undefined
          ? `${closed?.name ?? 'a tool'} has a sign-in, and there is no demo account`
          : 'the demo account may have a second factor: mfa is not false'
      const where = `${file}: demoAccount`
      return [{ id: 'demo_account_required', seen, where, details: { file } }]
    },
  },
  {
    name: 'listing',
    title: 'The listing keeps the limits of the directory',
    run: ({ submission, submissionFile }) => {
      const listing = submission?.listing
      if (listing === undefined) return { skipped: `${submissionFile} has no listing` }
      return Object.entries(LISTING_RULES).flatMap(([name, rule]) =>
        listingFaults(name as keyof typeof LISTING_RULES, rule, listing, submissionFile),
      )
    },
  },
  {
    name: 'starter-prompts',
    title: `There are at most ${MAX_PROMPTS} starter prompts, short and different`,
    run: ({ submission, submissionFile }) => {
      const prompts = submission?.starterPrompts ?? []
      if (prompts.length === 0) return { skipped: `${submissionFile} has no starterPrompts` }
      const where = `${submissionFile}: starterPrompts`
      return promptFaults(prompts).map(([id, reason]) => ({
        id,
        seen: `starter prompts: ${reason}`,
        where,
      }))
    },
  },
  {
    name: 'review-notes',
    title: 'There are a recording and release notes',
    run: ({ submission, submissionFile: file }) =>
      (['demoRecording', 'releaseNotes'] as const)
        .filter((name) => submission?.[name] === undefined)
        .map((name) => ({
          id: name === 'demoRecording' ? 'demo_recording_missing' : 'release_notes_missing',
          seen: `${file} has no ${name}`,
          details: { file },
        })),
  },
]

function testFaults(test: TestCase, where: string, { tools }: Subject): readonly Observed[] {
  const missing = (['prompt', 'expected'] as const).filter((name) => test[name] === '')
  const known = new Set(tools.map(({ name }) => name))
  const unknown = test.tools.filter((name) => !known.has(name))
  return [
    ...missing.map(
      (name): Observed => ({ id: 'test_case_incomplete', seen: `the test has no ${name}`, where }),
    ),
    ...unknown.map(
      (name): Observed => ({
        id: 'test_case_tool_unknown',
        seen: `the test names ${name.slice(0, 128)}, which is not a tool`,
        where,
      }),
    ),
  ]
}

function listingFaults(
  name: keyof typeof LISTING_RULES,
  { maxCharacters, required, tooLong, unsupported }: ListingRule,
  listing: Listing,
  file: string,
): Observed[] {
  const text = listing[name]
  const where = `${file}: listing.${name}`
  if (text === undefined) {
    // OpenAI's own file has no name of the developer.
    return name === 'developerName'
      ? []
      : [{ id: required, seen: `the listing has no ${name}`, where }]
  }
  const length = [...text].length
  if (length > maxCharacters) {
    return [{ id: tooLong, seen: `listing.${name} has ${length} characters`, where }]
  }
  if (unsupported === undefined || !text.includes('\n')) return []
  return [{ id: unsupported, seen: `listing.${name} has more than one line`, where }]
}

function promptFaults(prompts: readonly string[]) {
  const keys = prompts.map((prompt) => prompt.normalize('NFKC').replace(/\s+/g, ' ').trim())
  const rules = [
    [prompts.length > MAX_PROMPTS, 'plugin_default_prompt_too_many', `there are ${prompts.length}`],
    [new Set(keys).size < keys.length, 'plugin_default_prompt_duplicate', 'two are the same'],
    [
      keys.some((key) => /(?:^|\s)@\w/.test(key)),
      'plugin_default_prompt_mention',
      'one mentions an app with @',
    ],
    [keys.some((key) => key === ''), 'plugin_default_prompt_empty', 'one is empty'],
    [
      keys.some((key) => [...key].length > MAX_PROMPT_CHARACTERS),
      'plugin_default_prompt_too_long',
      'one is too long',
    ],
  ] as const
  return rules.flatMap(([isFaulty, id, reason]) => (isFaulty ? [[id, reason] as const] : []))
}

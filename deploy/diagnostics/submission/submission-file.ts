import { readFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import * as z from 'zod'
import { mappingOf, yamlFault } from '../../../shared/catalogue/yaml.ts'

/** The hints that OpenAI's review requires on every tool. */
export const HINTS = ['readOnlyHint', 'openWorldHint', 'destructiveHint'] as const
type Hint = (typeof HINTS)[number]

const text = z.string().trim().default('')
const optional = z.string().trim().min(1, 'must not be empty').optional()
const names = z.union([z.array(z.string()), z.string(), z.null()]).default([])
const listing = z.strictObject({
  name: optional,
  shortDescription: optional,
  description: optional,
  developerName: optional,
  category: optional,
})
const justification = z.strictObject({
  readOnlyHint: z.string().optional(),
  openWorldHint: z.string().optional(),
  destructiveHint: z.string().optional(),
})
const testCase = z.strictObject({
  description: z.string().optional(),
  prompt: text,
  tools: names,
  expected: text,
  reason: z.string().optional(),
})
/** The file that OpenAI's form takes (openai/plugins, chatgpt-app-submission). */
const theirCase = z.looseObject({
  user_prompt: text,
  tools_triggered: names,
  expected_output: text,
})
const theirTool = z.looseObject({
  annotations: z.looseObject({}).default({}),
  justifications: z
    .looseObject({
      read_only_justification: z.string().optional(),
      open_world_justification: z.string().optional(),
      destructive_justification: z.string().optional(),
    })
    .default({}),
})
/** The members of a submission file: this project's, and those of the file that OpenAI's form takes. */
const submissionForm = z.strictObject({
  justifications: z.record(z.string(), justification).default({}),
  tests: z
    .strictObject({
      positive: z.array(testCase).default([]),
      negative: z.array(testCase).default([]),
    })
    .default({ positive: [], negative: [] }),
  domainVerification: optional,
  challengeBaseUrl: optional,
  frameDomains: z.record(z.string(), z.string()).default({}),
  website: optional,
  support: optional,
  privacyPolicy: optional,
  terms: optional,
  screenshots: z.array(z.string()).default([]),
  starterPrompts: z.array(z.string()).default([]),
  demoAccount: z
    .strictObject({
      username: z.string().trim().min(1, 'must not be empty'),
      mfa: z.boolean().optional(),
      notes: z.string().optional(),
    })
    .optional(),
  demoRecording: optional,
  releaseNotes: optional,
  listing: listing.optional(),
  $schema: z.string().optional(),
  schema_version: z.literal(1).optional(),
  app_info: z
    .looseObject({
      display_name: optional,
      subtitle: optional,
      description: optional,
      category: optional,
    })
    .optional(),
  tools: z.record(z.string(), theirTool).default({}),
  test_cases: z.array(theirCase).default([]),
  negative_test_cases: z.array(theirCase).default([]),
})

/** The public listing. */
export type Listing = z.output<typeof listing>
type OurCase = z.output<typeof testCase>
type TheirCase = z.output<typeof theirCase>

/** A test that OpenAI's reviewers run. */
export interface TestCase {
  readonly prompt: string
  /** The expected result. */
  readonly expected: string
  /** Names of the tools that it calls; empty for one that must call none. */
  readonly tools: readonly string[]
}

/** The answers for OpenAI's portal, as far as they can be checked. */
export interface Submission {
  readonly justifications: ReadonlyMap<string, Readonly<Partial<Record<Hint, string>>>>
  /** Hints as the file of OpenAI's form has them. */
  readonly annotations: ReadonlyMap<string, Readonly<Partial<Record<Hint, unknown>>>>
  readonly positive: readonly TestCase[]
  readonly negative: readonly TestCase[]
  readonly domainVerification?: string | undefined
  readonly challengeBaseUrl?: string | undefined
  /** Why the UI needs each domain that it frames. */
  readonly frameDomains: Readonly<Record<string, string>>
  readonly website?: string | undefined
  readonly support?: string | undefined
  readonly privacyPolicy?: string | undefined
  readonly terms?: string | undefined
  readonly screenshots: readonly string[]
  readonly starterPrompts: readonly string[]
  readonly demoAccount?:
    | { readonly username: string; readonly mfa?: boolean | undefined }
    | undefined
  readonly demoRecording?: string | undefined
  readonly releaseNotes?: string | undefined
  readonly listing?: Listing | undefined
}

export type ReadSubmission =
  | { readonly submission: Submission | undefined }
  | { readonly faults: readonly string[] }

/**
 * Reads the files with the answers for OpenAI's portal; members of a later file replace those of an
 * earlier one. Each is YAML or JSON, in this project's form or in that of
 * `chatgpt-app-submission.json`. A message never quotes a value.
 *
 * @returns The submission, undefined when there is no file; or the faults of the files.
 */
export function readSubmission(paths: readonly string[]): ReadSubmission {
  if (paths.length === 0) return { submission: undefined }
  const read = paths.map(readMapping)
  const faults = read.flatMap((one) => ('fault' in one ? [one.fault] : []))
  if (faults.length > 0) return { faults }
  const members = Object.assign({}, ...read.map((one) => ('members' in one ? one.members : {})))
  const given = Object.entries(members).filter(([, member]) => member !== null)
  const parsed = submissionForm.safeParse(Object.fromEntries(given))
  if (parsed.success) return { submission: normalize(parsed.data) }
  return {
    faults: parsed.error.issues.map(({ path, message }) =>
      path.length === 0 ? message : `${path.join('.')}: ${message}`,
    ),
  }
}

function readMapping(
  path: string,
): { readonly members: Readonly<Record<string, unknown>> } | { readonly fault: string } {
  const source = readText(path)
  if (source === undefined) return { fault: `${path} cannot be read` }
  const parsed = parseDocument(source, { prettyErrors: false })
  const fault = yamlFault(parsed, source)
  if (fault !== undefined) return { fault: `${path} is not YAML (${fault})` }
  const members = mappingOf(parsed)
  return members === undefined ? { fault: `${path} must be a mapping` } : { members }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function normalize(given: z.output<typeof submissionForm>): Submission {
  const { justifications, tests, tools, app_info, test_cases, negative_test_cases } = given
  const theirs = Object.entries(tools).map(([name, { justifications: reasons }]) => {
    const { read_only_justification, open_world_justification, destructive_justification } = reasons
    const hints = {
      readOnlyHint: read_only_justification,
      openWorldHint: open_world_justification,
      destructiveHint: destructive_justification,
    }
    return [name, hints] as const
  })
  const { listing: own } = given
  const theirListing = app_info && {
    name: app_info.display_name,
    shortDescription: app_info.subtitle,
    description: app_info.description,
    category: app_info.category,
  }
  return {
    ...given,
    justifications: new Map([
      ...theirs,
      ...Object.entries(justifications),
    ]) as Submission['justifications'],
    annotations: new Map(Object.entries(tools).map(([name, tool]) => [name, tool.annotations])),
    positive: [...tests.positive.map(ourCase), ...test_cases.map(caseOfTheirs)],
    negative: [...tests.negative.map(ourCase), ...negative_test_cases.map(caseOfTheirs)],
    listing:
      own === undefined && theirListing === undefined ? undefined : { ...theirListing, ...own },
  }
}

function ourCase({ prompt, expected, tools }: OurCase): TestCase {
  return { prompt, expected, tools: namesIn(tools) }
}

function caseOfTheirs(written: TheirCase): TestCase {
  const { user_prompt, expected_output, tools_triggered } = written
  return { prompt: user_prompt, expected: expected_output, tools: namesIn(tools_triggered) }
}

function namesIn(tools: OurCase['tools']): readonly string[] {
  const list = typeof tools === 'string' ? tools.split(',') : (tools ?? [])
  return list.map((name) => name.trim()).filter((name) => name !== '')
}

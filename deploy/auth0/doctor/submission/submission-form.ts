import * as z from 'zod'

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
export const submissionForm = z.strictObject({
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
export type OurCase = z.output<typeof testCase>
export type TheirCase = z.output<typeof theirCase>

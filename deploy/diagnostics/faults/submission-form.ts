import type { Faults } from './fault.ts'

const FILE = ({ file }: { readonly file: string }) => file
const PORTAL_REQUIRES = 'The portal requires it of every app with tools, and reviewers open it.'
const DIRECTORY_REJECTS = 'The directory rejects these prompts.'
const PROMPTS = 'Write at most 3 different prompts of at most 128 characters, without @.'
const required = (title: string, place: string) =>
  ({
    title: `The ${title} URL is missing or not public`,
    severity: 'error',
    why: PORTAL_REQUIRES,
    fix: `Set ${place} to an https URL of at most 1024 characters.`,
  }) as const
const listing = (name: string, max: number) => ({
  required: {
    title: `The listing has no ${name}`,
    severity: 'error',
    why: 'The portal requires it.',
    fix: `Write listing.${name}, at most ${max} characters.`,
  } as const,
  tooLong: {
    title: `listing.${name} is longer than ${max} characters`,
    severity: 'error',
    why: `The directory accepts ${max} characters.`,
    fix: 'Shorten it.',
  } as const,
  unsupported: {
    title: `listing.${name} has several lines`,
    severity: 'error',
    why: 'The directory accepts one line.',
    fix: 'Write it in one line.',
  } as const,
})
const tests = (kind: 'positive' | 'negative', count: number) =>
  ({
    title: `There are not exactly ${count} ${kind} tests`,
    severity: 'error',
    why: 'The portal accepts exactly five positive and three negative tests.',
    fix: `Write ${count} tests under tests.${kind}.`,
  }) as const
const prompts = (title: string) =>
  ({ title, severity: 'error', why: DIRECTORY_REJECTS, fix: PROMPTS }) as const
const name = listing('name', 30)
const subtitle = listing('shortDescription', 30)
const description = listing('description', 4000)
const developer = listing('developerName', 80)

/** Faults of the submission file and of the deployment for which OpenAI's portal rejects the app. */
export const SUBMISSION_FORM_FAULTS = {
  submission_file_invalid: {
    title: 'The submission file is invalid',
    severity: 'error',
    why: 'The rest of the file is not used.',
    fix: 'Correct it: docs/tools.md, "Getting through the review".',
  },
  justification_required: {
    title: 'A hint has no justification',
    severity: 'error',
    why: 'The portal requires one sentence on each hint of each tool.',
    fix: ({ file, tool }: { readonly file: string; readonly tool: string }) =>
      `Write it in ${file} under justifications.${tool}.`,
  },
  justification_unknown_tool: {
    title: 'The submission file has justifications for an unknown tool',
    severity: 'warning',
    why: 'The tool may have been renamed and then has no justification.',
    fix: 'Name the tool as the catalogue does, or remove the entry.',
  },
  submission_annotations_differ: {
    title: 'The submission file and the catalogue have different hints',
    severity: 'error',
    why: 'OpenAI compares the submission with the tools that the server lists.',
    fix: 'Set both according to the behaviour of the tool.',
  },
  privacy_policy_required: required('privacy policy', 'server.policy in the catalogue'),
  terms_required: required('terms', 'server.terms in the catalogue'),
  support_required: required(
    'support',
    'server.documentation in the catalogue, or support in the submission file,',
  ),
  website_required: required(
    'website',
    'server.websiteUrl in the catalogue, or website in the submission file,',
  ),
  positive_tests_required: tests('positive', 5),
  negative_tests_required: tests('negative', 3),
  test_case_incomplete: {
    title: 'A test lacks its prompt or its expected result',
    severity: 'error',
    why: 'Reviewers run each test without further knowledge.',
    fix: 'Write prompt and expected of the test.',
  },
  test_case_tool_unknown: {
    title: 'A test names an unknown tool',
    severity: 'error',
    why: 'Reviewers look for a call of that tool.',
    fix: 'Name the tool as the catalogue does.',
  },
  demo_account_required: {
    title: 'There is no demo account without a second factor',
    severity: 'error',
    why: 'Reviewers sign in with an account that has sample data, without a second factor and without sign-up.',
    fix: ({ file }: { readonly file: string }) =>
      `Create such a user, and write demoAccount: {username: …, mfa: false} in ${file}. Enter the password only in the portal.`,
  },
  demo_recording_missing: {
    title: 'There is no recording',
    severity: 'warning',
    why: 'The portal requires it for the final submission.',
    fix: 'Write demoRecording, or enter it in the portal.',
    where: FILE,
  },
  release_notes_missing: {
    title: 'There are no release notes',
    severity: 'warning',
    why: 'The portal requires them for the final submission.',
    fix: 'Write releaseNotes, or enter them in the portal.',
    where: FILE,
  },
  submission_display_name_required: name.required,
  submission_display_name_too_long: name.tooLong,
  submission_display_name_character_unsupported: name.unsupported,
  submission_subtitle_required: subtitle.required,
  submission_subtitle_too_long: subtitle.tooLong,
  submission_subtitle_character_unsupported: subtitle.unsupported,
  submission_description_required: description.required,
  submission_description_too_long: description.tooLong,
  submission_developer_name_required: developer.required,
  submission_developer_name_too_long: developer.tooLong,
  submission_developer_name_character_unsupported: developer.unsupported,
  plugin_default_prompt_too_many: prompts('There are more than 3 starter prompts'),
  plugin_default_prompt_duplicate: prompts('Two starter prompts are the same'),
  plugin_default_prompt_mention: prompts('A starter prompt mentions an app with @'),
  plugin_default_prompt_empty: prompts('A starter prompt is empty'),
  plugin_default_prompt_too_long: prompts('A starter prompt is longer than 128 characters'),
  frame_domain_explanation_required: {
    title: 'A framed domain has no explanation',
    severity: 'error',
    why: 'The portal asks why the UI needs each framed domain and what it shows. Frames make the review stricter.',
    fix: ({ file }: { readonly file: string }) =>
      `Write it in ${file} under frameDomains, or remove the frame.`,
  },
  screenshots_not_allowed: {
    title: 'There are screenshots, but no tool has a UI',
    severity: 'error',
    why: 'OpenAI accepts screenshots only of a UI.',
    fix: 'Remove screenshots.',
  },
  screenshots_incomplete: {
    title: 'The number of screenshots differs from that of starter prompts',
    severity: 'error',
    why: 'The portal accepts one for each starter prompt, 706 pixels wide and 400 to 860 tall.',
    fix: 'Add or remove screenshots until the numbers agree.',
  },
  domain_verification_required: {
    title: 'The domain does not have the verification token of OpenAI',
    severity: 'error',
    why: 'The portal reads the token at the well-known path, whose response must contain only the token.',
    fix: ({ file }: { readonly file?: string | undefined }) =>
      file === undefined
        ? 'Set OPENAI_APPS_CHALLENGE to the token of the portal, then run npm run deploy -- metadata.'
        : `Set OPENAI_APPS_CHALLENGE to the token of the portal, and write the same in ${file} as domainVerification.`,
    where: 'OPENAI_APPS_CHALLENGE',
  },
  challenge_base_invalid: {
    title: 'challengeBaseUrl is not the host of the server or a parent of it',
    severity: 'error',
    why: 'The portal accepts no other host.',
    fix: 'Name the host of the server or a parent host, or omit challengeBaseUrl.',
  },
  scan_required: {
    title: 'The deployment does not list its tools',
    severity: 'error',
    why: 'Scan Tools lists the tools of the production server.',
    fix: ({ status }: { readonly status: string }) =>
      ['401', '403'].includes(status)
        ? 'Run the command again with --token and an access token.'
        : 'Run npm run doctor with this URL and no other option, which reports the cause.',
  },
  url_not_https: {
    title: 'The URL of the server is not https',
    severity: 'error',
    why: 'The portal accepts the https URL of the production server.',
    fix: 'Pass the https URL of the deployment.',
  },
  deployed_tools_differ: {
    title: 'A deployed tool differs from the catalogue',
    severity: 'error',
    why: 'Scan Tools takes a snapshot of the deployment, and a later change requires a new scan.',
    fix: 'Run npm run deploy -- gateway, then scan again.',
  },
  security_schemes_missing: {
    title: 'A tool is listed without securitySchemes',
    severity: 'error',
    why: 'ChatGPT applies the requirements of the whole server to such a tool.',
    fix: 'Deploy the gateway of this release: npm run deploy -- gateway.',
  },
  scopes_not_advertised: {
    title: 'A tool requires scopes that the metadata does not advertise',
    severity: 'error',
    why: 'ChatGPT requests only scopes that the metadata advertises.',
    fix: 'Deploy the same catalogue to both: npm run deploy -- gateway metadata.',
  },
  metadata_links_missing: {
    title: 'The metadata lacks a link to documentation, policy or terms',
    severity: 'warning',
    why: 'Administrators of workspaces find these pages through the metadata.',
    fix: ({ member }: { readonly member: string }) =>
      `Set ${member} in the catalogue, then run npm run deploy -- metadata.`,
  },
} as const satisfies Faults

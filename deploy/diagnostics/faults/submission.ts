import type { Faults } from './fault.ts'

const HINTS_BY_TOOL =
  'OpenAI requires readOnlyHint, openWorldHint and destructiveHint to be true or false on every tool.'
const GATEWAY_STOPS = 'The gateway does not start with this catalogue.'
const SCAN_REJECTS_SKILL = 'Scan Tools does not import the skill.'
const UI_ORIGIN = "OpenAI requires a dedicated origin for an app's UI."
const SET_DOMAIN =
  'Set _meta.ui.domain of the resource to an origin of your own, such as https://app.example.com.'
const INSTRUCTIONS = 'ChatGPT and Codex give the first 512 characters to the model.'

/** Faults of a catalogue for which OpenAI's review or Scan Tools rejects it. */
export const SUBMISSION_FAULTS = {
  catalogue_invalid: {
    title: 'The catalogue is invalid',
    severity: 'error',
    why: GATEWAY_STOPS,
    fix: 'Correct the catalogue. npm run build reports the same fault.',
    where: 'the catalogue',
  },
  tool_required: {
    title: 'The catalogue has no tools',
    severity: 'error',
    why: 'Scan Tools imports nothing from a server without tools.',
    fix: 'Add a tool to the catalogue.',
    where: 'the catalogue',
  },
  tool_name_unsupported: {
    title: 'A tool name has unsupported characters or length',
    severity: 'error',
    why: 'ChatGPT accepts only names of 1 to 64 characters A-Z a-z 0-9 _ -, and claude.ai ignores the whole list of tools if it has another name.',
    fix: 'Rename the tool with 1 to 64 characters A-Z a-z 0-9 _ -. Also rename its backend, unless request sets the URL.',
  },
  tool_description_required: {
    title: 'A tool has no description',
    severity: 'error',
    why: 'The model chooses a tool by its description, and the review compares it with the behaviour.',
    fix: 'Describe what the tool does, what it changes and what it returns.',
  },
  tool_title_missing: {
    title: 'A tool has no title',
    severity: 'warning',
    why: 'ChatGPT shows the title to users, and the name if there is no title.',
    fix: 'Add title to the tool.',
  },
  tool_text_unsupported: {
    title: 'A text of a tool has control or invisible characters',
    severity: 'warning',
    why: 'The review treats hidden text as an attempt to steer the model.',
    fix: 'Write the text again without these characters.',
  },
  invocation_text_too_long: {
    title: 'A status text of a tool is longer than 64 characters',
    severity: 'error',
    why: 'ChatGPT shows at most 64 characters while a tool runs.',
    fix: ({ name }: { readonly name: string }) => `Shorten _meta["${name}"].`,
  },
  instructions_missing: {
    title: 'The server has no instructions',
    severity: 'warning',
    why: INSTRUCTIONS,
    fix: 'Describe in server.instructions how the tools work together.',
    where: 'server.instructions',
  },
  instructions_too_long: {
    title: 'The instructions are longer than 512 characters',
    severity: 'warning',
    why: INSTRUCTIONS,
    fix: 'Put the most important text into the first 512 characters, and shorten the rest.',
    where: 'server.instructions',
  },
  annotations_required: {
    title: 'A tool does not set all hints',
    severity: 'error',
    why: HINTS_BY_TOOL,
    fix: ({ hints }: { readonly hints: string }) =>
      `Set annotations: {${hints}} according to the behaviour of the tool.`,
  },
  annotations_contradictory: {
    title: 'The hints of a tool contradict each other or its request',
    severity: 'warning',
    why: 'Hints that do not match the behaviour are the most frequent reason for a rejection.',
    fix: 'Set readOnlyHint to true only for a tool that changes nothing, and destructiveHint to true for one that deletes or overwrites.',
  },
  output_schema_missing: {
    title: 'A tool has no outputSchema',
    severity: 'warning',
    why: 'The gateway returns JSON as structuredContent, and OpenAI expects its schema.',
    fix: 'Describe the result in outputSchema.',
  },
  file_params_invalid: {
    title: 'A file argument does not have the form that Scan Tools accepts',
    severity: 'error',
    why: 'Scan Tools rejects the tool.',
    fix: 'Declare download_url, file_id, mime_type and file_name as strings, and require only the first two.',
  },
  profile_tool_invalid: {
    title: 'The profile tool is invalid, or there are several',
    severity: 'error',
    why: 'A profile of another form can prevent the connection.',
    fix: 'Use the tool of docs/tools.md, "Profile".',
  },
  search_fetch_incompatible: {
    title: 'search or fetch does not have the form of company knowledge',
    severity: 'warning',
    why: 'Company knowledge and deep research do not use the app.',
    fix: 'Give search {query} and fetch {id}, and make all tools read-only. Or give the tools other names.',
  },
  sensitive_argument: {
    title: 'A tool asks for credentials or payment data',
    severity: 'warning',
    why: 'OpenAI rejects tools that ask for credentials, card data or government identifiers.',
    fix: 'Remove the argument. The backend knows the user from the gateway.',
  },
  url_not_public: {
    title: 'An address is local or private',
    severity: 'error',
    why: 'Reviewers and Scan Tools reach only public addresses.',
    fix: 'Use the public https address.',
  },
  skill_invalid: {
    title: 'A skill is invalid',
    severity: 'error',
    why: GATEWAY_STOPS,
    fix: 'Stay within OpenAI\'s limits: docs/tools.md, "Skills".',
    where: 'the catalogue',
  },
  skill_body_empty: {
    title: 'A skill has no instructions',
    severity: 'error',
    why: SCAN_REJECTS_SKILL,
    fix: 'Write the instructions below the frontmatter of SKILL.md.',
  },
  skill_bundle_too_large: {
    title: 'A skill has too many or too large files',
    severity: 'error',
    why: SCAN_REJECTS_SKILL,
    fix: 'Remove files from the skill, or make them smaller.',
  },
  skill_identity_too_long: {
    title: 'The names of the app and of a skill have more than 64 characters together',
    severity: 'error',
    why: SCAN_REJECTS_SKILL,
    fix: 'Shorten the name of the app or of the skill.',
  },
  ui_resource_unreadable: {
    title: 'The UI of a tool cannot be read',
    severity: 'error',
    why: 'Scan Tools reads the UI of every tool that names one.',
    fix: 'Add the resource to the catalogue, with the type text/html;profile=mcp-app: docs/tools.md, "Tools with a UI".',
  },
  ui_meta_on_tool: {
    title: 'Domain or policy of a UI is on the tool',
    severity: 'warning',
    why: 'OpenAI reads it from the content of the resource.',
    fix: 'Move it to _meta.ui of the resource.',
  },
  ui_domain_required: {
    title: 'A UI has no domain',
    severity: 'error',
    why: UI_ORIGIN,
    fix: SET_DOMAIN,
  },
  ui_domain_not_origin: {
    title: 'The domain of a UI is not an https origin',
    severity: 'error',
    why: UI_ORIGIN,
    fix: SET_DOMAIN,
  },
  ui_domain_not_unique: {
    title: "The domain of a UI is not the app's own",
    severity: 'error',
    why: UI_ORIGIN,
    fix: SET_DOMAIN,
  },
  ui_domain_differs: {
    title: 'The UIs of the app have different domains',
    severity: 'warning',
    why: 'The domain identifies the app.',
    fix: 'Give all UIs the same domain.',
  },
  ui_csp_required: {
    title: 'A UI has no content security policy',
    severity: 'error',
    why: 'OpenAI requires a policy that allows the exact domains that the UI uses.',
    fix: 'Set _meta.ui.csp of the resource; use {connectDomains: [], resourceDomains: []} if it loads no resources.',
  },
  ui_csp_incomplete: {
    title: 'The policy of a UI lacks a directive',
    severity: 'warning',
    why: 'The review compares the policy with the behaviour, and rejects an absent list.',
    fix: ({ directive }: { readonly directive: string }) =>
      `Add ${directive} to _meta.ui.csp, [] for no domains.`,
  },
  ui_csp_undeclared: {
    title: 'A UI uses a domain that its policy does not declare',
    severity: 'error',
    why: 'Hosts block the domain, and the review tests the UI.',
    fix: ({ url, directive }: { readonly url: string; readonly directive: string }) =>
      `Add ${url} to ${directive} in _meta.ui.csp, or remove it from the HTML.`,
  },
  ui_csp_broad: {
    title: 'The policy of a UI is too broad',
    severity: 'warning',
    why: 'The review requires exact domains over TLS.',
    fix: 'Name the hosts that the UI uses, with https or wss.',
  },
} as const satisfies Faults

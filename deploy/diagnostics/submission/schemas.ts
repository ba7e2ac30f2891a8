import { fileParamFaults } from '../../../shared/catalogue/review/file-params.ts'
import { isProfileTool, profileFaults } from '../../../shared/catalogue/review/profile.ts'
import { searchFetchFaults } from '../../../shared/catalogue/review/search-fetch.ts'
import { asObject } from '../../../shared/json.ts'
import { fault, warning } from '../check.ts'
import { atTool, ofTools, type SubmissionCheck } from './subject.ts'

/** Arguments that OpenAI's guidelines do not let a tool ask for, by name. */
const SENSITIVE =
  /^(?:passwords?|passwd|passphrase|pass_?code|pin_?code|secret|client_?secret|api_?key|(?:access|auth|refresh)_?token|otp|one_?time_?(?:code|password)|(?:mfa|2fa|verification)_?code|ssn|social_?security(?:_?number)?|passport_?number|(?:credit_?)?card_?number|cvv|cvc)$/i

/** Schemas of the tools. */
export const SCHEMA_CHECKS: readonly SubmissionCheck[] = [
  {
    name: 'output-schemas',
    title: 'every tool has an outputSchema',
    run: ofTools((tool) =>
      tool.outputSchema !== undefined
        ? []
        : [
            warning({
              id: 'output_schema_missing',
              seen: `${tool.name} has no outputSchema`,
              why: 'The gateway passes a JSON answer as structuredContent, whose form OpenAI wants declared',
              fix: 'describe the answer in outputSchema',
              where: atTool(tool),
            }),
          ],
    ),
  },
  {
    name: 'file-params',
    title: 'file arguments have the form that Scan Tools takes',
    run: ofTools((tool) =>
      fileParamFaults(tool).map((seen) =>
        fault({
          id: 'file_params_invalid',
          seen,
          why: 'Scan Tools rejects the tool',
          fix: 'declare download_url, file_id, mime_type and file_name as strings, and require the first two alone',
          where: atTool(tool),
        }),
      ),
    ),
  },
  {
    name: 'profile',
    title: 'there is at most one profile tool, in the form that ChatGPT takes',
    run: ({ tools }) => {
      const profiles = tools.filter(isProfileTool)
      const faults = profiles.flatMap((tool) =>
        profileFaults(tool).map((seen) => ({ seen, where: atTool(tool) })),
      )
      const others = profiles.slice(1).map((tool) => ({
        seen: `${tool.name} is another profile tool`,
        where: atTool(tool),
      }))
      return [...faults, ...others].map((found) =>
        fault({
          id: 'profile_tool_invalid',
          why: 'A profile of another form can prevent the connection',
          fix: 'use the tool of docs/tools.md, "Profile"',
          ...found,
        }),
      )
    },
  },
  {
    name: 'search-fetch',
    title: 'search and fetch have the form that company knowledge takes',
    run: ({ tools }) =>
      searchFetchFaults(tools).map((seen) =>
        warning({
          id: 'search_fetch_incompatible',
          seen,
          why: 'Company knowledge and deep research do not use the app',
          fix: 'give search {query} and fetch {id}, and make all tools read-only; or name the tools otherwise',
          where: `tool ${seen.split(':')[0]}`,
        }),
      ),
  },
  {
    name: 'sensitive-arguments',
    title: 'no tool asks for credentials or payment data',
    run: ofTools((tool) =>
      Object.keys(asObject(tool.inputSchema['properties']) ?? {})
        .filter((argument) => SENSITIVE.test(argument))
        .map((argument) =>
          warning({
            id: 'sensitive_argument',
            seen: `${tool.name} has the argument ${argument}`,
            why: 'OpenAI rejects tools that ask for credentials, card data or government identifiers',
            fix: 'remove the argument; the backend knows the person from the gateway',
            where: atTool(tool),
          }),
        ),
    ),
  },
]

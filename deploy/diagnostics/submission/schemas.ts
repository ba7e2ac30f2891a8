import { fileParamFaults } from '../../../shared/catalogue/review/file-params.ts'
import { isProfileTool, profileFaults } from '../../../shared/catalogue/review/profile.ts'
import { searchFetchFaults } from '../../../shared/catalogue/review/search-fetch.ts'
import { asObject } from '../../../shared/json.ts'
import { ofTools, type SubmissionCheck, toolPlace } from './subject.ts'

/** Names of arguments for which OpenAI's guidelines do not let a tool ask. */
const SENSITIVE =
  /^(?:passwords?|passwd|passphrase|pass_?code|pin_?code|secret|client_?secret|api_?key|(?:access|auth|refresh)_?token|otp|one_?time_?(?:code|password)|(?:mfa|2fa|verification)_?code|ssn|social_?security(?:_?number)?|passport_?number|(?:credit_?)?card_?number|cvv|cvc)$/i

/** Schemas of the tools. */
export const SCHEMA_CHECKS: readonly SubmissionCheck[] = [
  {
    name: 'output-schemas',
    title: 'Every tool has an outputSchema',
    run: ofTools((tool) => {
      if (tool.outputSchema !== undefined) return []
      const seen = `${tool.name} has no outputSchema`
      return [{ id: 'output_schema_missing', seen, where: toolPlace(tool) }]
    }),
  },
  {
    name: 'file-params',
    title: 'File arguments have the form that Scan Tools accepts',
    run: ofTools((tool) =>
      fileParamFaults(tool).map((seen) => ({
        id: 'file_params_invalid',
        seen,
        where: toolPlace(tool),
      })),
    ),
  },
  {
    name: 'profile',
    title: 'There is at most one profile tool, in the form that ChatGPT accepts',
    run: ({ tools }) => {
      const profiles = tools.filter(isProfileTool)
      const invalid = profiles.flatMap((tool) =>
        profileFaults(tool).map((seen) => ({ seen, where: toolPlace(tool) })),
      )
      const others = profiles.slice(1).map((tool) => ({
        seen: `${tool.name} is another profile tool`,
        where: toolPlace(tool),
      }))
      return [...invalid, ...others].map((found) => ({ id: 'profile_tool_invalid', ...found }))
    },
  },
  {
    name: 'search-fetch',
    title: 'search and fetch have the form that company knowledge accepts',
    run: ({ tools }) =>
      searchFetchFaults(tools).map((seen) => ({
        id: 'search_fetch_incompatible',
        seen,
        where: `tool ${seen.split(':')[0]}`,
      })),
  },
  {
    name: 'sensitive-arguments',
    title: 'No tool asks for credentials or payment data',
    run: ofTools((tool) =>
      Object.keys(asObject(tool.inputSchema['properties']) ?? {})
        .filter((argument) => SENSITIVE.test(argument))
        .map((argument) => ({
          id: 'sensitive_argument',
          seen: `${tool.name} has the argument ${argument}`,
          where: toolPlace(tool),
        })),
    ),
  },
]

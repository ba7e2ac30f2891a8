import { asObject } from '../../json.ts'
import type { JsonSchema } from '../../json-schema/schema.ts'
import type { ToolEntry } from '../entry.ts'

/** The exact output schema of a profile tool (OpenAI, "Build an MCP server", accounts). */
export const PROFILE_SCHEMA = {
  type: 'object',
  properties: {
    id: {
      type: 'string',
      pattern: '\\S',
      description: 'A stable identifier of the account, the same in every connection.',
    },
    name: { type: 'string' },
    email: { type: 'string' },
    nickname: { type: 'string' },
  },
  required: ['id'],
  additionalProperties: false,
} as const satisfies JsonSchema

const NAMES = Object.keys(PROFILE_SCHEMA.properties)
type Described = Pick<
  ToolEntry,
  'access' | 'inputSchema' | 'outputSchema' | 'annotations' | '_meta'
>

/** Returns whether the tool is a profile tool, which returns the connected account to the client. */
export function isProfileTool({ _meta }: Pick<ToolEntry, '_meta'>): boolean {
  return _meta?.['openai/profile'] === true
}

/**
 * Returns the ways in which a profile tool does not meet ChatGPT's requirements, one line each: sign-in,
 * read-only, no arguments, and an output of `id`, `name`, `email` and `nickname`. Empty for other
 * tools. Does not check the results of the tool; PROFILE_SCHEMA does.
 */
export function profileFaults(tool: Described): string[] {
  if (!isProfileTool(tool)) return []
  const { access, inputSchema, outputSchema, annotations } = tool
  const faults: string[] = []
  if (access !== 'signed-in') {
    faults.push(
      'a profile tool must require a sign-in: securitySchemes: [{type: oauth2, scopes: []}]',
    )
  }
  if (annotations?.readOnlyHint !== true) {
    faults.push('a profile tool must be read-only: annotations: {readOnlyHint: true}')
  }
  if (!isEmptyInput(inputSchema)) faults.push('a profile tool must have no arguments')
  if (outputSchema !== undefined && !isProfileOutput(outputSchema)) {
    faults.push(
      'the outputSchema of a profile tool must have the strings id (required), name, email and nickname, additionalProperties: false, and nothing else',
    )
  }
  return faults
}

function isEmptyInput({ properties, required }: JsonSchema): boolean {
  const names = Object.keys(asObject(properties) ?? {})
  return names.length === 0 && (!Array.isArray(required) || required.length === 0)
}

function isProfileOutput(schema: JsonSchema): boolean {
  const properties = asObject(schema['properties']) ?? {}
  const { required, type, additionalProperties } = schema
  return (
    type === 'object' &&
    additionalProperties === false &&
    Array.isArray(required) &&
    required.includes('id') &&
    Object.hasOwn(properties, 'id') &&
    Object.entries(properties).every(
      ([name, property]) => NAMES.includes(name) && asObject(property)?.['type'] === 'string',
    )
  )
}

import { asObject } from '../../json.ts'
import type { ToolDefinition } from '../../tools.ts'

type Described = Pick<ToolDefinition, 'name' | 'inputSchema' | 'annotations'>

/** The name of the only argument of each of the two tools, a string. */
const ARGUMENTS: Readonly<Record<string, string>> = { search: 'query', fetch: 'id' }

/**
 * Returns the reasons why a catalogue with a `search` or `fetch` tool cannot be used for company
 * knowledge and deep research, one line each. Required are both tools, `search {query}` and
 * `fetch {id}`, and `readOnlyHint: true` on every tool. Empty for a catalogue with neither tool (OpenAI,
 * "Building MCP servers").
 */
export function searchFetchFaults(tools: readonly Described[]): string[] {
  const own = tools.filter(({ name }) => Object.hasOwn(ARGUMENTS, name))
  if (own.length === 0) return []
  const absent = Object.keys(ARGUMENTS).filter((name) => own.every((tool) => tool.name !== name))
  return [
    ...absent.map(
      (name) => `${name}: the tool is missing; search and fetch are only useful together`,
    ),
    ...own.flatMap(inputFaults),
    ...tools
      .filter(({ annotations }) => annotations?.readOnlyHint !== true)
      .map(({ name }) => `${name}: must be read-only: annotations: {readOnlyHint: true}`),
  ]
}

function inputFaults({ name, inputSchema }: Described): string[] {
  const argument = ARGUMENTS[name] ?? ''
  const properties = asObject(inputSchema['properties']) ?? {}
  const required = inputSchema['required']
  const type = asObject(Object.hasOwn(properties, argument) ? properties[argument] : undefined)?.[
    'type'
  ]
  const isRequired = Array.isArray(required) && required.join() === argument
  const isAlone = Object.keys(properties).length === 1
  return type === 'string' && isRequired && isAlone
    ? []
    : [`${name}: the inputSchema must have exactly one argument: ${argument}, a required string`]
}

/**
 * Returns the faults of a result of `search` or `fetch` in the form that ChatGPT reads, one line each:
 * `{results: [{id, title, url}]}`, and `{id, title, text, url, metadata?}`.
 */
export function searchFetchAnswerFaults(tool: 'search' | 'fetch', answer: unknown): string[] {
  const members = asObject(answer)
  if (members === undefined) return [`${tool}: must return an object`]
  if (tool === 'fetch') {
    const { metadata } = members
    const isMap = metadata === undefined || metadata === null || asObject(metadata) !== undefined
    return [
      ...stringFaults('fetch', members, ['id', 'title', 'text', 'url']),
      ...(isMap ? [] : ['fetch: metadata must be an object']),
    ]
  }
  const { results } = members
  if (!Array.isArray(results)) return ['search: results must be a list']
  return results.flatMap((result: unknown, index) =>
    stringFaults(`search: results.${index}`, asObject(result) ?? {}, ['id', 'title', 'url']),
  )
}

function stringFaults(
  place: string,
  members: Readonly<Record<string, unknown>>,
  names: readonly string[],
): string[] {
  return names
    .filter((name) => typeof members[name] !== 'string')
    .map((name) => `${place}: ${name} must be a string`)
}

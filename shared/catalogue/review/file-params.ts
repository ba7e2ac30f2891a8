import { asObject } from '../../json.ts'
import type { JsonSchema } from '../../json-schema/schema.ts'
import type { ToolEntry } from '../entry.ts'

type Members = Readonly<Record<string, unknown>>

/** The members of a file argument that ChatGPT passes. */
const DECLARED = ['download_url', 'file_id', 'mime_type', 'file_name'] as const
const REQUIRED = ['download_url', 'file_id']
const MAX_REFERENCES = 16

/**
 * Returns the faults of `_meta["openai/fileParams"]` for which OpenAI's Scan Tools would reject the tool,
 * one line each. The member lists top-level arguments, each a file or a list of files, whose schema
 * declares `download_url`, `file_id`, `mime_type` and `file_name` and requires exactly the first two
 * (OpenAI, Plugins reference).
 */
export function fileParamFaults({
  _meta,
  inputSchema,
}: Pick<ToolEntry, '_meta' | 'inputSchema'>): string[] {
  const named = _meta?.['openai/fileParams']
  if (named === undefined) return []
  if (!Array.isArray(named) || !named.every((name) => typeof name === 'string')) {
    return ['openai/fileParams must be a list of argument names']
  }
  const properties = asObject(inputSchema['properties']) ?? {}
  return named.flatMap((name: string) => {
    const at = `openai/fileParams: ${name.slice(0, 64)}`
    if (!Object.hasOwn(properties, name)) return [`${at} is not an argument of the inputSchema`]
    const argument = resolve(properties[name], inputSchema)
    const file = argument?.['type'] === 'array' ? resolve(argument['items'], inputSchema) : argument
    return schemaFaults(file, inputSchema).map((fault) => `${at} ${fault}`)
  })
}

function schemaFaults(file: Members | undefined, root: JsonSchema): string[] {
  if (file?.['type'] !== 'object') return ['must be an object, or a list of objects']
  const properties = asObject(file['properties']) ?? {}
  const missing = DECLARED.filter((name) => !Object.hasOwn(properties, name))
  const others = DECLARED.filter(
    (name) =>
      Object.hasOwn(properties, name) && resolve(properties[name], root)?.['type'] !== 'string',
  )
  const required = Array.isArray(file['required']) ? file['required'] : []
  return [
    ...(missing.length > 0 ? [`must declare ${missing.join(', ')}`] : []),
    ...(others.length > 0 ? [`must declare as string: ${others.join(', ')}`] : []),
    ...(required.length === REQUIRED.length && REQUIRED.every((name) => required.includes(name))
      ? []
      : [`must require exactly ${REQUIRED.join(' and ')}`]),
  ]
}

/** Follows `$ref`s into `$defs` of the same document. Returns undefined if one cannot be resolved. */
function resolve(schema: unknown, root: JsonSchema): Members | undefined {
  let found = asObject(schema)
  for (let step = 0; step < MAX_REFERENCES; step++) {
    const reference = found?.['$ref']
    if (typeof reference !== 'string') return found
    const [, defs = '', name = ''] = /^#\/(\$defs|definitions)\/([^/]+)$/.exec(reference) ?? []
    const targets = asObject(root[defs]) ?? {}
    const key = name.replaceAll('~1', '/').replaceAll('~0', '~')
    found = Object.hasOwn(targets, key) ? asObject(targets[key]) : undefined
  }
  return undefined
}

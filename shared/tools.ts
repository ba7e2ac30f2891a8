import { readFileSync } from 'node:fs'
import { type Document, parseDocument } from 'yaml'
import { z } from 'zod'
import { ConfigError } from './config.ts'
import { asObject, parseJson } from './json.ts'
import { SCOPE_TOKEN } from './scope.ts'

/** Hints about a tool's effect, as MCP's ToolAnnotations; hints, never enforcement. */
export type ToolAnnotations = z.output<typeof annotations>

/** A JSON Schema (2020-12) as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * Who may call a tool. `public` (`noauth`): anybody. `optional` (`noauth` and `oauth2`): anybody, and a
 * caller who is signed in is passed on as such, whatever the token's scopes. `signed-in` (`oauth2`): a
 * caller whose token has all of the tool's scopes, of which there may be none. A token that is sent and
 * not valid is refused on all of them.
 */
export type Access = 'public' | 'optional' | 'signed-in'

/** One tool of the catalogue, checked but for its schemas. */
export interface ToolDefinition {
  readonly name: string
  readonly title?: string | undefined
  readonly description: string
  readonly access: Access
  /** What a caller who signs in for the tool is asked to grant. Sorted; empty for a public tool. */
  readonly scopes: readonly string[]
  readonly inputSchema: JsonSchema
  readonly outputSchema?: JsonSchema | undefined
  readonly annotations?: ToolAnnotations | undefined
  readonly _meta?: Readonly<Record<string, unknown>> | undefined
  readonly timeoutMs?: number | undefined
}

/** The tools by name, in the order in which they were written. A Map: prototype names find nothing. */
export type Catalogue<Tool extends ToolDefinition = ToolDefinition> = ReadonlyMap<string, Tool>

/** The three ways in which a catalogue can be given. */
export interface CatalogueSource {
  readonly TOOLS?: string | undefined
  readonly TOOLS_FILE?: string | undefined
  readonly TOOL_SCOPES_JSON?: string | undefined
}

const TOOL_NAME = /^[A-Za-z0-9_.-]{1,128}$/

const annotations = z.strictObject({
  title: z.string().optional(),
  readOnlyHint: z.boolean().optional(),
  destructiveHint: z.boolean().optional(),
  idempotentHint: z.boolean().optional(),
  openWorldHint: z.boolean().optional(),
})
const scopes = z
  .array(z.string().regex(SCOPE_TOKEN, 'is not a scope-token (RFC 6749 s3.3)'))
  .transform((values) => [...new Set(values)].sort())
const entry = z.strictObject({
  title: z.string().optional(),
  description: z.string().default(''),
  scopes,
  inputSchema: z.looseObject({ type: z.literal('object') }).default({ type: 'object' }),
  outputSchema: z.looseObject({}).optional(),
  annotations: annotations.optional(),
  _meta: z.record(z.string(), z.unknown()).optional(),
  timeoutMs: z.int().min(1).max(600_000).optional(),
})

/**
 * Reads and checks the catalogue: names (MCP: 1 to 128 of `A-Z a-z 0-9 _ - .`) and scope tokens.
 * Does not check the schemas, which only the gateway uses.
 *
 * @throws ConfigError with all faults, each naming its variable and tool.
 */
export function parseCatalogue(source: CatalogueSource): Catalogue {
  return parseTools(source, (tool) => tool)
}

/** The same, with `finish` making of each tool what is kept; its ConfigErrors count as faults. */
export function parseTools<Tool extends ToolDefinition>(
  { TOOLS, TOOLS_FILE, TOOL_SCOPES_JSON }: CatalogueSource,
  finish: (tool: ToolDefinition) => Tool,
): Catalogue<Tool> {
  const given = Object.entries({ TOOLS, TOOLS_FILE, TOOL_SCOPES_JSON }).filter(
    (variable): variable is [string, string] => Boolean(variable[1]?.trim()),
  )
  const [first] = given
  if (first === undefined) {
    throw new ConfigError(['TOOLS is required (or TOOLS_FILE, or TOOL_SCOPES_JSON)'])
  }
  if (given.length > 1) {
    throw new ConfigError([`${given.map(([name]) => name).join(' and ')} exclude each other`])
  }
  const [variable, value] = first
  return readCatalogue(variable, rawEntries(variable, value), finish)
}

/** All scopes that any tool needs, sorted, each once. */
export function catalogueScopes(catalogue: Catalogue): string[] {
  return [...new Set([...catalogue.values()].flatMap((tool) => tool.scopes))].sort()
}

function rawEntries(variable: string, value: string): Readonly<Record<string, unknown>> {
  if (variable !== 'TOOL_SCOPES_JSON') {
    return parseText(variable, variable === 'TOOLS_FILE' ? readText(variable, value) : value)
  }
  return Object.fromEntries(
    Object.entries(parseText(variable, value)).map(([name, needed]) => [name, { scopes: needed }]),
  )
}

function readText(variable: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new ConfigError([`${variable} names a file that cannot be read`])
  }
}

/** JSON is YAML too, and only YAML's reader refuses a name that is given twice. */
function parseText(variable: string, yamlOrJson: string): Readonly<Record<string, unknown>> {
  const written = asWritten(yamlOrJson)
  if (written !== undefined) return written
  const document = parseDocument(yamlOrJson, { prettyErrors: false })
  const [error] = document.errors
  // The parser's message quotes the text, so only the kind of the fault and its place are passed on.
  if (error !== undefined) {
    throw new ConfigError([`${variable} is not YAML or JSON (${error.code} at ${error.pos[0]})`])
  }
  const mapping = asObject(plainData(variable, document))
  if (mapping !== undefined) return mapping
  throw new ConfigError([`${variable} must be a mapping of tool name to tool`])
}

/** What `JSON.stringify` wrote, as a deployment's variables are, has no name twice, and reads faster. */
function asWritten(text: string): Readonly<Record<string, unknown>> | undefined {
  const value = asObject(parseJson(text)?.value)
  return value !== undefined && JSON.stringify(value) === text ? value : undefined
}

/** Aliases may lead nowhere, grow without bounds, or in a circle, which JSON cannot write. */
function plainData(variable: string, document: Document): unknown {
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 })
    JSON.stringify(value)
    return value
  } catch {
    throw new ConfigError([`${variable} has an alias that cannot be resolved`])
  }
}

function readCatalogue<Tool extends ToolDefinition>(
  variable: string,
  entries: Readonly<Record<string, unknown>>,
  finish: (tool: ToolDefinition) => Tool,
): Catalogue<Tool> {
  const faults: string[] = []
  const catalogue = new Map<string, Tool>()
  for (const [name, value] of Object.entries(entries)) {
    const at = `${variable}: tool ${JSON.stringify(name.slice(0, 128))}`
    if (!TOOL_NAME.test(name)) {
      faults.push(`${at}: name must be 1 to 128 of A-Z a-z 0-9 _ - .`)
      continue
    }
    const parsed = entry.safeParse(value)
    if (!parsed.success) {
      for (const issue of parsed.error.issues) {
        faults.push(`${at}: ${issue.path.join('.') || 'entry'}: ${issue.message}`)
      }
      continue
    }
    try {
      catalogue.set(
        name,
        finish({
          ...parsed.data,
          access: parsed.data.scopes.length === 0 ? 'public' : 'signed-in',
          name,
        }),
      )
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      faults.push(...error.faults.map((fault) => `${at}: ${fault}`))
    }
  }
  if (catalogue.size === 0 && faults.length === 0) faults.push(`${variable} names no tool`)
  if (faults.length > 0) throw new ConfigError(faults)
  return catalogue
}

import { readFileSync } from 'node:fs'
import { readAppMembers } from './catalogue/app-members.ts'
import { type CompiledPart, readCompiled } from './catalogue/compiled.ts'
import { type RawDocument, readDocument } from './catalogue/document.ts'
import { readEntry, type ToolEntry } from './catalogue/entry.ts'
import { filesBeside } from './catalogue/resources/catalogue-files.ts'
import type { ResourceEntry } from './catalogue/resources/resource.ts'
import { readResources, type ToolWithUi } from './catalogue/resources/resources.ts'
import { readServer, type ServerSection } from './catalogue/server.ts'
import type { SkillEntry } from './catalogue/skills/skill.ts'
import { readSkills } from './catalogue/skills/skills.ts'
import { readMapping } from './catalogue/text.ts'
import { ConfigError, collectFaults } from './config.ts'

/** A checked tool of the catalogue. Its schemas are not checked. */
export interface ToolDefinition extends ToolEntry {
  readonly name: string
}

/**
 * The tools by name, in the order of the catalogue. A Map, in which names of prototype members are not
 * found.
 */
export interface Catalogue<Tool extends ToolDefinition = ToolDefinition>
  extends ReadonlyMap<string, Tool> {
  /** The scopes of resources and skills, sorted and without duplicates. */
  readonly otherScopes?: readonly string[]
}

/** A catalogue with all its sections. */
export interface CatalogueDocument<Tool extends ToolDefinition = ToolDefinition> {
  readonly tools: Catalogue<Tool>
  /** `access` if the catalogue was compiled to names and scopes only. */
  readonly part: CompiledPart
  /** The `server` section; only its links for `access`. */
  readonly server: ServerSection | undefined
  /** Empty for `access`, like `skills`. */
  readonly resources: readonly ResourceEntry[]
  readonly skills: readonly SkillEntry[]
  /** One line for each ignored member, with its location. */
  readonly warnings: readonly string[]
}

/** The variables that can contain the catalogue. Exactly one of them must be set. */
export const CATALOGUE_VARIABLES = ['TOOLS', 'TOOLS_FILE', 'TOOL_SCOPES_JSON'] as const

/** The values of these variables. */
export type CatalogueSource = {
  readonly [Variable in (typeof CATALOGUE_VARIABLES)[number]]?: string | undefined
}

/** Converts a tool for its use. `isChecked`: its schemas were checked when the catalogue was compiled. */
export type FinishTool<Tool extends ToolDefinition> = (
  tool: ToolDefinition,
  isChecked: boolean,
) => Tool

const TOOL_NAME = /^[A-Za-z0-9_.-]{1,128}$/
// The log truncates a text at 1,000 bytes.
const MAX_NAMES_CHARACTERS = 700

/**
 * Reads the tools of a catalogue and checks their names (MCP: 1 to 128 of `A-Z a-z 0-9 _ - .`), members
 * and scope tokens. Does not check the schemas, which only the gateway uses.
 *
 * @throws ConfigError with all faults, each naming its variable and tool.
 */
export function parseCatalogue(source: CatalogueSource): Catalogue {
  return parseTools(source, (tool) => tool)
}

/**
 * Reads the tools as `parseCatalogue` does and converts each with `finish`, whose ConfigErrors count as
 * faults.
 */
export function parseTools<Tool extends ToolDefinition>(
  source: CatalogueSource,
  finish: FinishTool<Tool>,
): Catalogue<Tool> {
  return parseDocument(source, finish).tools
}

/** Reads all sections of a catalogue, with its tools as in `parseTools`. */
export function parseDocument<Tool extends ToolDefinition>(
  source: CatalogueSource,
  finish: FinishTool<Tool>,
): CatalogueDocument<Tool> {
  const [variable, value] = given(source)
  const text = variable === 'TOOLS_FILE' ? readText(variable, value) : value
  const compiled = readCompiled(text)
  if (compiled !== undefined) {
    const { tools, otherScopes, ...others } = compiled as unknown as Compiled
    const entries = tools.map((tool) => [tool.name, finish(tool, true)] as const)
    const whole = { resources: [], skills: [], server: undefined, ...others }
    return { ...whole, tools: Object.assign(new Map(entries), { otherScopes }) }
  }
  const mapping = readMapping(variable, text)
  const document = readDocument(
    variable,
    variable === 'TOOL_SCOPES_JSON' ? withScopes(mapping) : mapping,
  )
  const files = filesBeside(variable === 'TOOLS_FILE' ? value : undefined)
  const withUi: ToolWithUi[] = []
  const [{ tools, warnings }, { server, warnings: ofServer }, read, skills] = collectFaults([
    () => readTools(variable, document, finish, withUi),
    () => readServer(variable, document.server),
    // Must follow `readTools`, which fills `withUi`.
    () => readResources(variable, document.resources, document.defaults, withUi, files),
    () => readSkills(variable, document.skills, document.defaults, files),
  ])
  const rules = [...read.resources, ...skills]
  const otherScopes = [...new Set(rules.flatMap(({ scopes }) => scopes))].sort()
  return {
    tools: Object.assign(tools, { otherScopes }),
    part: 'whole',
    server,
    resources: read.resources,
    skills,
    warnings: [...warnings, ...ofServer, ...read.warnings],
  }
}

/** Returns the scopes of all tools, resources and skills, sorted and without duplicates. */
export function catalogueScopes(catalogue: Catalogue): string[] {
  const ofTools = [...catalogue.values()].flatMap((tool) => tool.scopes)
  return [...new Set([...ofTools, ...(catalogue.otherScopes ?? [])])].sort()
}

interface Compiled {
  readonly part: CompiledPart
  readonly tools: readonly ToolDefinition[]
  readonly server?: ServerSection
  readonly resources?: readonly ResourceEntry[]
  readonly skills?: readonly SkillEntry[]
  readonly otherScopes: readonly string[]
  readonly warnings: readonly string[]
}

function given(source: CatalogueSource): readonly [variable: string, value: string] {
  const variables = CATALOGUE_VARIABLES.flatMap((name) => {
    const value = source[name]
    return value?.trim() ? [[name, value] as const] : []
  })
  const [first] = variables
  if (first === undefined) {
    throw new ConfigError(['TOOLS is required (or TOOLS_FILE, or TOOL_SCOPES_JSON)'])
  }
  if (variables.length > 1) {
    throw new ConfigError([
      `${variables.map(([name]) => name).join(' and ')} are mutually exclusive: remove all but one`,
    ])
  }
  return first
}

function readText(variable: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new ConfigError([`${variable} names a file that cannot be read`])
  }
}

function withScopes(mapping: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(mapping).map(([name, scopes]) => [name, { scopes }]))
}

function readTools<Tool extends ToolDefinition>(
  variable: string,
  document: RawDocument,
  finish: FinishTool<Tool>,
  withUi: ToolWithUi[],
): { readonly tools: Map<string, Tool>; readonly warnings: readonly string[] } {
  const faults: string[] = []
  const warnings = [...document.warnings]
  const withoutAccess: string[] = []
  const tools = new Map<string, Tool>()
  const names = new Set<string>()
  for (const [name, value] of document.tools) {
    const at = `tool ${JSON.stringify(name.slice(0, 128))}`
    if (!TOOL_NAME.test(name)) {
      faults.push(`${variable}: ${at}: name must be 1 to 128 of A-Z a-z 0-9 _ - .`)
      continue
    }
    if (names.has(name)) faults.push(`${variable}: ${at}: this name occurs twice`)
    names.add(name)
    const read = readEntry(value, document.defaults)
    warnings.push(...read.warnings.map((warning) => `${at}: ${warning}`))
    faults.push(...read.faults.map((fault) => `${variable}: ${at}: ${fault}`))
    if (!read.saysAccess) withoutAccess.push(name)
    if (read.entry === undefined) continue
    const { entry, uiResource, ...found } = readAppMembers(read.entry, document.resources != null)
    warnings.push(...found.warnings.map((warning) => `${at}: ${warning}`))
    faults.push(...found.faults.map((fault) => `${variable}: ${at}: ${fault}`))
    withUi.push({ name, access: entry.access, scopes: entry.scopes, uiResource })
    try {
      tools.set(name, finish({ ...entry, name }, false))
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      faults.push(...error.faults.map((fault) => `${variable}: ${at}: ${fault}`))
    }
  }
  faults.push(...accessFaults(variable, withoutAccess))
  if (document.tools.length === 0) faults.push(`${variable} contains no tools`)
  if (faults.length > 0) throw new ConfigError(faults)
  return { tools, warnings }
}

/** Returns the fault of all tools without access, in lines that the log does not truncate. */
function accessFaults(variable: string, names: readonly string[]): string[] {
  const lines: string[] = []
  for (const name of names) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + name.length < MAX_NAMES_CHARACTERS) {
      lines[lines.length - 1] = `${last}, ${name}`
    } else lines.push(name)
  }
  return lines.map(
    (line) =>
      `${variable}: these tools do not define who may call them: ${line}. Set scopes ([] = public) or securitySchemes of each tool, or defaults: {scopes: [...]} for all`,
  )
}

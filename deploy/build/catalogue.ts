import { writeFileSync } from 'node:fs'
import type { Environment } from '../../shared/config.ts'
import { parseCatalogue, type ToolDefinition } from '../../shared/tools.ts'

/** The file in a built function's directory that holds its catalogue; its `TOOLS_FILE` names it. */
export const CATALOGUE_FILE = 'catalogue.json'

/** The ways in which a catalogue is given, as a command's variables. */
export const CATALOGUE_VARIABLES = ['TOOLS', 'TOOLS_FILE', 'TOOL_SCOPES_JSON'] as const

/** What of the catalogue a function reads. */
export type CatalogueExtent = 'everything' | 'names and scopes'

/** A catalogue as one function takes it along. */
export interface CompiledCatalogue {
  /** JSON without insignificant blanks; the function reads it as `TOOLS_FILE`. */
  readonly text: string
  readonly tools: number
  readonly extent: CatalogueExtent
}

const EXTENTS: Readonly<Record<string, CatalogueExtent>> = {
  gateway: 'everything',
  'log-webhook': 'names and scopes',
  metadata: 'names and scopes',
  registration: 'names and scopes',
}

/** True when one of the variables gives a catalogue. */
export function hasCatalogue(env: Environment): boolean {
  return CATALOGUE_VARIABLES.some((name) => Boolean(env[name]?.trim()))
}

/**
 * The catalogue that `env` gives, with what `functionName` reads of it and no more; undefined for a
 * function that reads none. The same catalogue gives the same text. The schemas are not compiled here.
 *
 * @throws ConfigError with all faults, each naming its variable and tool.
 */
export function compileCatalogue(
  functionName: string,
  env: Environment,
): CompiledCatalogue | undefined {
  const extent = EXTENTS[functionName]
  if (extent === undefined) return undefined
  const { TOOLS, TOOLS_FILE, TOOL_SCOPES_JSON } = env
  const catalogue = parseCatalogue({ TOOLS, TOOLS_FILE, TOOL_SCOPES_JSON })
  const entries = [...catalogue.values()].map(({ name, ...tool }) => [name, part(tool, extent)])
  return { text: JSON.stringify(Object.fromEntries(entries)), tools: catalogue.size, extent }
}

function part({ scopes, ...rest }: Omit<ToolDefinition, 'name'>, extent: CatalogueExtent) {
  return extent === 'everything' ? { scopes, ...rest } : { scopes }
}

/** Writes the catalogue into a built function's directory, and returns the file's path. */
export function writeCatalogue(directory: string, { text }: CompiledCatalogue): string {
  const path = `${directory}/${CATALOGUE_FILE}`
  writeFileSync(path, text)
  return path
}

/** One line for people: how many tools, how large, what of them. */
export function describeCatalogue({ text, tools, extent }: CompiledCatalogue): string {
  const count = tools === 1 ? '1 tool' : `${tools} tools`
  return `${count}, ${(Buffer.byteLength(text) / 1000).toFixed(1)} kB, ${extent}`
}

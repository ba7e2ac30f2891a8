import { writeFileSync } from 'node:fs'
import type { Environment } from '../../shared/config.ts'
import { parseCatalogue, type ToolDefinition } from '../../shared/tools.ts'

/** The file in a built function's directory that holds its catalogue; its `TOOLS_FILE` names it. */
export const CATALOGUE_FILE = 'catalogue.json'

/** The ways in which a catalogue is given, as a command's variables. */
export const CATALOGUE_VARIABLES = ['TOOLS', 'TOOLS_FILE', 'TOOL_SCOPES_JSON'] as const

/** What a function reads of the catalogue: all of it, or names, scopes and who may call. */
export type CataloguePart = 'whole' | 'access'

/** A catalogue as one function takes it along. */
export interface CarriedCatalogue {
  /** Compact JSON, which the function reads as `TOOLS_FILE`. */
  readonly text: string
  readonly tools: number
  readonly part: CataloguePart
}

const PARTS: Readonly<Record<string, CataloguePart>> = {
  gateway: 'whole',
  'log-webhook': 'access',
  metadata: 'access',
  registration: 'access',
}
const MEANING: Readonly<Record<CataloguePart, string>> = {
  whole: 'everything',
  access: 'names and scopes',
}

/** True when one of the variables gives a catalogue. */
export function hasCatalogue(env: Environment): boolean {
  return CATALOGUE_VARIABLES.some((name) => Boolean(env[name]?.trim()))
}

/**
 * The catalogue that `env` gives, with what `functionName` reads of it and no more; undefined for a
 * function that reads none. The same catalogue gives the same text.
 *
 * @throws ConfigError with all faults, each naming its variable and tool.
 */
export function catalogueFor(functionName: string, env: Environment): CarriedCatalogue | undefined {
  const part = PARTS[functionName]
  if (part === undefined) return undefined
  const { TOOLS, TOOLS_FILE, TOOL_SCOPES_JSON } = env
  const catalogue = parseCatalogue({ TOOLS, TOOLS_FILE, TOOL_SCOPES_JSON })
  return { text: compile([...catalogue.values()], part), tools: catalogue.size, part }
}

function compile(tools: readonly ToolDefinition[], part: CataloguePart): string {
  const entries = tools.map(({ name, scopes, ...rest }) => [
    name,
    part === 'whole' ? { scopes, ...rest } : { scopes },
  ])
  return JSON.stringify(Object.fromEntries(entries))
}

/** Writes the catalogue into a built function's directory, and returns the file's path. */
export function writeCatalogue(directory: string, { text }: CarriedCatalogue): string {
  const path = `${directory}/${CATALOGUE_FILE}`
  writeFileSync(path, text)
  return path
}

/** One line for people: how many tools, how large, what of them. */
export function describeCatalogue({ text, tools, part }: CarriedCatalogue): string {
  const count = tools === 1 ? '1 tool' : `${tools} tools`
  return `${count}, ${(Buffer.byteLength(text) / 1000).toFixed(1)} kB, ${MEANING[part]}`
}

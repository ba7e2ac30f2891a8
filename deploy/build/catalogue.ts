import { writeFileSync } from 'node:fs'
import { secretVariables } from '../../shared/catalogue/backend-auth.ts'
import { compileCatalogue } from '../../shared/compile-catalogue.ts'
import { ConfigError, type Environment } from '../../shared/config.ts'
import { CATALOGUE_VARIABLES, parseCatalogue, parseDocument } from '../../shared/tools.ts'

/** The file in a built function's directory that holds its catalogue; its `TOOLS_FILE` names it. */
export const CATALOGUE_FILE = 'catalogue.json'

/** What a function reads of the catalogue: all of it, or names, scopes and who may call. */
export type CataloguePart = 'whole' | 'access'

/** A catalogue as one function takes it along. */
export interface CarriedCatalogue {
  /** Compact JSON, which the function reads as `TOOLS_FILE`. */
  readonly text: string
  readonly tools: number
  readonly part: CataloguePart
  /** What of the catalogue is ignored, a line each. */
  readonly warnings: readonly string[]
}

const MAX_WARNINGS = 20
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
 * The variables that tools name as secrets in `backendAuth`, and whether one exchanges tokens. Nothing for
 * a catalogue with faults: who reads it for a function reports them.
 */
export function backendSecrets(env: Environment): {
  readonly named: readonly string[]
  readonly isExchanged: boolean
} {
  if (!hasCatalogue(env)) return { named: [], isExchanged: false }
  try {
    const { TOOLS, TOOLS_FILE, TOOL_SCOPES_JSON } = env
    const tools = [...parseCatalogue({ TOOLS, TOOLS_FILE, TOOL_SCOPES_JSON }).values()]
    const isExchanged = tools.some(({ backendAuth }) => backendAuth?.type === 'on_behalf_of')
    return { named: secretVariables(tools), isExchanged }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { named: [], isExchanged: false }
  }
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
  const source = { TOOLS, TOOLS_FILE, TOOL_SCOPES_JSON }
  const text = compileCatalogue(source, part)
  const { tools, warnings } = parseDocument({ TOOLS: text }, (tool) => tool)
  return { text, tools: tools.size, part, warnings }
}

/** Writes the catalogue into a built function's directory, and returns the file's path. */
export function writeCatalogue(directory: string, { text }: CarriedCatalogue): string {
  const path = `${directory}/${CATALOGUE_FILE}`
  writeFileSync(path, text)
  return path
}

/** What is ignored, for people: at most 20 lines, and how many more there are. */
export function describeWarnings(warnings: readonly string[]): string {
  const shown = warnings.slice(0, MAX_WARNINGS)
  const more = warnings.length - shown.length
  const lines = more > 0 ? [...shown, `and ${more} more`] : shown
  return lines.map((line) => `The catalogue: ${line}\n`).join('')
}

/** One line for people: how many tools, how large, what of them. */
export function describeCatalogue({ text, tools, part }: CarriedCatalogue): string {
  const count = tools === 1 ? '1 tool' : `${tools} tools`
  return `${count}, ${(Buffer.byteLength(text) / 1000).toFixed(1)} kB, ${MEANING[part]}`
}

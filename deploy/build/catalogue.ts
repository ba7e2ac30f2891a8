import { writeFileSync } from 'node:fs'
import { secretVariables } from '../../shared/catalogue/backend-auth.ts'
import { compileCatalogue } from '../../shared/compile-catalogue.ts'
import { ConfigError, type Environment } from '../../shared/config.ts'
import { CATALOGUE_VARIABLES, parseCatalogue, parseDocument } from '../../shared/tools.ts'
import { quantity } from '../kit/quantity.ts'

/** Name of the catalogue file in a built function's directory, and value of its `TOOLS_FILE`. */
export const CATALOGUE_FILE = 'catalogue.json'

/** The part of the catalogue that a function reads: all of it, or names, scopes and access rules. */
export type CataloguePart = 'whole' | 'access'

/** The catalogue of one deployed function. */
export interface CarriedCatalogue {
  /** Compact JSON for `TOOLS_FILE`. */
  readonly text: string
  readonly tools: number
  readonly part: CataloguePart
  /** The URLs that tools call by `request`. Empty unless it is whole. */
  readonly urls: readonly (readonly [tool: string, url: string])[]
  /** One line per ignored part of the catalogue. */
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

/** Returns whether one of the variables contains a catalogue. */
export function hasCatalogue(env: Environment): boolean {
  return CATALOGUE_VARIABLES.some((name) => Boolean(env[name]?.trim()))
}

/**
 * Returns the secret variables that tools name in `backendAuth`, and whether a tool exchanges tokens.
 * Empty for a catalogue with faults; the function's own parser reports these.
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
 * Returns the part of the catalogue in `env` that `functionName` reads; undefined for a function that
 * reads none. The same catalogue produces the same text.
 *
 * @throws ConfigError that lists all faults with their variable and tool.
 */
export function catalogueFor(functionName: string, env: Environment): CarriedCatalogue | undefined {
  const part = PARTS[functionName]
  if (part === undefined) return undefined
  const { TOOLS, TOOLS_FILE, TOOL_SCOPES_JSON } = env
  const source = { TOOLS, TOOLS_FILE, TOOL_SCOPES_JSON }
  const text = compileCatalogue(source, part)
  const { tools, warnings } = parseDocument({ TOOLS: text }, (tool) => tool)
  const urls = [...tools.values()].flatMap(({ name, request }) =>
    request === undefined ? [] : [[name, request.url] as const],
  )
  return { text, tools: tools.size, part, urls, warnings }
}

/** Writes the catalogue into a built function's directory, and returns the file's path. */
export function writeCatalogue(directory: string, { text }: CarriedCatalogue): string {
  const path = `${directory}/${CATALOGUE_FILE}`
  writeFileSync(path, text)
  return path
}

/** Returns the warnings as text: at most 20 lines, and the number of further ones. */
export function describeWarnings(warnings: readonly string[]): string {
  const shown = warnings.slice(0, MAX_WARNINGS)
  const more = warnings.length - shown.length
  const lines = more > 0 ? [...shown, `and ${more} more`] : shown
  return lines.map((line) => `Catalogue: ${line}\n`).join('')
}

/** Returns one line with the number of tools, the size and the part. */
export function describeCatalogue({ text, tools, part }: CarriedCatalogue): string {
  return `${quantity(tools, 'tool')}, ${(Buffer.byteLength(text) / 1000).toFixed(1)} kB, ${MEANING[part]}`
}

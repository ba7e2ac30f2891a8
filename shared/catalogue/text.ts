import { ConfigError } from '../config.ts'
import { asObject, parseJsonOfAnyDepth } from '../json.ts'
import { nestedKeyPosition, placeIn, yaml, yamlFault } from './yaml.ts'

/** The maximum size of a YAML catalogue with its aliases expanded, in characters of JSON. */
export const MAX_EXPANDED = 16 * 1024 * 1024

/**
 * Reads a mapping from YAML or JSON text. Faults name `variable`. JSON is YAML too, but JSON without
 * duplicate names is read by `JSON.parse`, because the YAML parser takes a hundred times as long.
 *
 * @throws ConfigError if the text is neither, is not a mapping, or is too large with its aliases expanded.
 */
export function readMapping(variable: string, text: string): Readonly<Record<string, unknown>> {
  const value = parseCatalogueJson(text) ?? readYaml(variable, text)
  const mapping = asObject(value)
  if (mapping !== undefined) return mapping
  throw new ConfigError([`${variable} must be a mapping of tool name to tool`])
}

/** Returns the value of a JSON text without duplicate names; undefined for null and any other text. */
function parseCatalogueJson(text: string): unknown {
  const value = parseJsonOfAnyDepth(text)?.value ?? undefined
  return value !== undefined && hasUniqueNames(text, value) ? value : undefined
}

/**
 * Returns whether no name occurs twice in an object. `JSON.parse` keeps one of two duplicates, so the
 * value then has fewer quotation marks than the text. The YAML parser reads a text that contains an
 * escaped quotation mark as `\u0022`.
 */
function hasUniqueNames(text: string, value: unknown): boolean {
  if (/\\u0022/i.test(text)) return false
  try {
    return quotationMarksIn(text) === quotationMarksIn(JSON.stringify(value))
  } catch {
    // The stack overflows on a value that is nested too deeply.
    return false
  }
}

function quotationMarksIn(text: string): number {
  return text.split('"').length
}

function readYaml(variable: string, text: string): unknown {
  const document = parsedYaml(variable, text)
  const fault = yamlFault(document, text)
  if (fault !== undefined) throw new ConfigError([`${variable} is not YAML or JSON (${fault})`])
  const nestedKey = nestedKeyPosition(document)
  if (nestedKey !== undefined) {
    throw new ConfigError([
      `${variable} has a mapping or a sequence inside a key in ${placeIn(text, nestedKey)}`,
    ])
  }
  if (!yaml().isMap(document.contents)) return undefined
  const value = resolveAliases(variable, () => document.toJS({ maxAliasCount: -1 }))
  const size = expandedSize(variable, value)
  if (size <= MAX_EXPANDED) return value
  throw new ConfigError([
    `${variable} is too large with its aliases expanded: the maximum is ${MAX_EXPANDED / 1024 / 1024} MiB of JSON`,
  ])
}

function parsedYaml(variable: string, text: string) {
  try {
    return yaml().parseDocument(text, {
      prettyErrors: false,
      merge: true,
      // Without this, the package writes keys that are collections to standard error.
      logLevel: 'error',
    })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new ConfigError([`${variable} is nested too deeply`])
  }
}

function resolveAliases(variable: string, resolve: () => unknown): unknown {
  try {
    return resolve()
  } catch {
    throw new ConfigError([`${variable} has an alias that cannot be resolved`])
  }
}

/** Returns the size of the value as JSON with aliases expanded. Measures each shared value once. */
function expandedSize(variable: string, value: unknown): number {
  const sizes = new Map<object, number | undefined>()
  const measure = (one: unknown): number => {
    if (typeof one !== 'object' || one === null) return String(one).length + 2
    if (sizes.has(one)) {
      const known = sizes.get(one)
      if (known !== undefined) return known
      throw new ConfigError([`${variable} has an alias inside the value that it refers to`])
    }
    sizes.set(one, undefined)
    let size = 2
    for (const [key, member] of Object.entries(one)) size += key.length + 4 + measure(member)
    sizes.set(one, size)
    return size
  }
  return measure(value)
}

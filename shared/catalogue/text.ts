import { ConfigError } from '../config.ts'
import { asObject, parseJsonOfAnyDepth } from '../json.ts'
import { yaml } from './yaml.ts'

/** What a catalogue may have, aliases written out; in characters of JSON. */
const MAX_EXPANDED = 16 * 1024 * 1024

/**
 * The mapping that a text in YAML or JSON holds; `variable` is named in faults. JSON is YAML too, but
 * JSON that has no name twice is read without the YAML reader, which takes a hundred times as long.
 *
 * @throws ConfigError for what is neither, or no mapping, or too large with its aliases written out.
 */
export function readMapping(variable: string, text: string): Readonly<Record<string, unknown>> {
  const value = parseCatalogueJson(text) ?? readYaml(variable, text)
  const mapping = asObject(value)
  if (mapping !== undefined) return mapping
  throw new ConfigError([`${variable} must be a mapping of tool name to tool`])
}

/** The value of a text that is JSON, has no name twice and is not null; undefined for all others. */
export function parseCatalogueJson(text: string): unknown {
  const value = parseJsonOfAnyDepth(text)?.value ?? undefined
  return value !== undefined && hasNoNameTwice(text, value) ? value : undefined
}

/**
 * Of a name that is given twice `JSON.parse` keeps one, and its quotation marks. All others are there
 * as they were, unless one was written as an escape: then the YAML reader decides.
 */
function hasNoNameTwice(text: string, value: unknown): boolean {
  if (/\\u0022/i.test(text)) return false
  try {
    return quotationMarksIn(text) === quotationMarksIn(JSON.stringify(value))
  } catch {
    // Nested so deeply that the stack overflows.
    return false
  }
}

function quotationMarksIn(text: string): number {
  return text.split('"').length
}

function readYaml(variable: string, text: string): unknown {
  const document = parsedYaml(variable, text)
  const [error] = document.errors
  // The parser's message quotes the text, so only the kind of the fault and its place are passed on.
  if (error !== undefined) {
    throw new ConfigError([`${variable} is not YAML or JSON (${error.code} at ${error.pos[0]})`])
  }
  if (!yaml().isMap(document.contents)) return undefined
  const value = resolveAliases(variable, () => document.toJS({ maxAliasCount: -1 }))
  const size = expandedSize(variable, value)
  if (size <= MAX_EXPANDED) return value
  throw new ConfigError([
    `${variable} is too large with its aliases written out: ${MAX_EXPANDED / 1024 / 1024} MiB of JSON are allowed`,
  ])
}

function parsedYaml(variable: string, text: string) {
  try {
    // Of a key that is a collection the package would warn on standard error, and quote it.
    return yaml().parseDocument(text, { prettyErrors: false, merge: true, logLevel: 'error' })
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

/** Each shared value is measured once, however often it is used. */
function expandedSize(variable: string, value: unknown): number {
  const sizes = new Map<object, number | undefined>()
  const measure = (one: unknown): number => {
    if (typeof one !== 'object' || one === null) return String(one).length + 2
    if (sizes.has(one)) {
      const known = sizes.get(one)
      if (known !== undefined) return known
      throw new ConfigError([`${variable} has an alias inside the value that it stands for`])
    }
    sizes.set(one, undefined)
    let size = 2
    for (const [key, member] of Object.entries(one)) size += key.length + 4 + measure(member)
    sizes.set(one, size)
    return size
  }
  return measure(value)
}

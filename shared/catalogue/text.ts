import { isMap, parseDocument } from 'yaml'
import { ConfigError } from '../config.ts'
import { asObject, parseJson } from '../json.ts'

/** What a catalogue may have, aliases written out; in characters of JSON. */
const MAX_EXPANDED = 16 * 1024 * 1024

/**
 * The mapping that a text in YAML or JSON holds; `variable` is named in faults. JSON is YAML too, but
 * JSON that has no name twice is read without the YAML reader, which takes a hundred times as long.
 *
 * @throws ConfigError for what is neither, or no mapping, or too large with its aliases written out.
 */
export function readMapping(variable: string, text: string): Readonly<Record<string, unknown>> {
  const parsed = parseJson(text)?.value
  const value =
    parsed !== undefined && hasNoNameTwice(text, parsed) ? parsed : readYaml(variable, text)
  const mapping = asObject(value)
  if (mapping !== undefined) return mapping
  throw new ConfigError([`${variable} must be a mapping of tool name to tool`])
}

const STRING = /"(?:[^"\\]|\\.)*"(\s*:)?/g

function hasNoNameTwice(text: string, value: unknown): boolean {
  let names = 0
  for (const [, colon] of text.matchAll(STRING)) if (colon !== undefined) names++
  return names === countNames(value)
}

function countNames(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const members = Object.values(value)
  const names = Array.isArray(value) ? 0 : members.length
  return members.reduce((sum: number, member) => sum + countNames(member), names)
}

function readYaml(variable: string, text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false, merge: true })
  const [error] = document.errors
  // The parser's message quotes the text, so only the kind of the fault and its place are passed on.
  if (error !== undefined) {
    throw new ConfigError([`${variable} is not YAML or JSON (${error.code} at ${error.pos[0]})`])
  }
  if (!isMap(document.contents)) return undefined
  const value = resolveAliases(variable, () => document.toJS({ maxAliasCount: -1 }))
  const size = expandedSize(variable, value)
  if (size <= MAX_EXPANDED) return value
  throw new ConfigError([
    `${variable} is too large with its aliases written out: ${MAX_EXPANDED / 1024 / 1024} MiB of JSON are allowed`,
  ])
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

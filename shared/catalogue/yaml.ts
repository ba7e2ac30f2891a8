import { createRequire } from 'node:module'
import type * as Yaml from 'yaml'
import { asObject } from '../json.ts'
import { lazily } from '../lazily.ts'

/** The default of the parser. It prevents aliases that expand exponentially. */
const MAX_ALIASES = 100

/** Returns the YAML parser. Loads it on first use, because that takes an eighth of a cold start. */
export const yaml = lazily(() => createRequire(import.meta.url)('yaml') as typeof Yaml)

const FAULTS: Partial<Record<Yaml.ErrorCode, string>> = {
  BAD_ALIAS: 'an alias without its anchor',
  BAD_DQ_ESCAPE: 'an unknown escape in a quoted text',
  BAD_INDENT: 'the indentation does not fit, or a bracket is not closed',
  BAD_SCALAR_START: 'a text that starts with this character must be quoted',
  BLOCK_AS_IMPLICIT_KEY: 'a text that contains a colon and a space must be quoted',
  BLOCK_IN_FLOW: 'a text that contains a colon and a space must be quoted',
  DUPLICATE_KEY: 'the key occurs twice',
  MISSING_CHAR: 'a bracket, quotation mark, comma or colon is missing',
  MULTILINE_IMPLICIT_KEY: 'a key and its colon must be in one line',
  MULTIPLE_DOCS: 'there is more than one document',
  TAB_AS_INDENT: 'a tab cannot indent',
  UNEXPECTED_TOKEN: 'this is not expected here',
}

/**
 * Returns where a text is not YAML and why, for parentheses; undefined if it is. The parser's message
 * quotes the text, which may be secret.
 */
export function yamlFault({ errors: [error] }: Yaml.Document, text: string): string | undefined {
  return error && `${placeIn(text, error.pos[0])}: ${FAULTS[error.code] ?? error.code}`
}

/** Returns the line and the column of a position, both from 1. */
export function placeIn(text: string, position: number): string {
  const lines = text.slice(0, position).split('\n')
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`
}

/**
 * Returns the position in the text of the first collection inside a key, as in `? ? a` or `? [[a]]`;
 * undefined if there is none. Check this before `toJS`, which converts keys to strings: in a time that
 * is exponential in the depth of keys inside keys, and cubic in the depth of other collections.
 */
export function nestedKeyPosition(document: Yaml.Document): number | undefined {
  const { isPair, visit } = yaml()
  let position: number | undefined
  visit(document, {
    Collection(_, node, path) {
      const isInsideKey = path.some(
        (parent, index) => isPair(parent) && parent.key === path[index + 1],
      )
      if (!isInsideKey) return undefined
      position = node.range?.[0] ?? 0
      return visit.BREAK
    },
  })
  return position
}

/** Returns the mapping of a document; undefined if it is another value or has a collection inside a key. */
export function mappingOf(document: Yaml.Document): Readonly<Record<string, unknown>> | undefined {
  return nestedKeyPosition(document) === undefined
    ? asObject(document.toJS({ maxAliasCount: MAX_ALIASES }))
    : undefined
}

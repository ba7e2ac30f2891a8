import { createRequire } from 'node:module'
import type * as Yaml from 'yaml'
import { asObject } from '../json.ts'

/** The default of the parser. It prevents aliases that expand exponentially. */
const MAX_ALIASES = 100

let loaded: typeof Yaml | undefined

/** Returns the YAML parser. Loads it on first use, because that takes an eighth of a cold start. */
export function yaml(): typeof Yaml {
  loaded ??= createRequire(import.meta.url)('yaml') as typeof Yaml
  return loaded
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

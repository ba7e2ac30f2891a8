import { createRequire } from 'node:module'
import type * as Yaml from 'yaml'

let loaded: typeof Yaml | undefined

/** Returns the YAML parser. Loads it on first use, because that takes an eighth of a cold start. */
export function yaml(): typeof Yaml {
  loaded ??= createRequire(import.meta.url)('yaml') as typeof Yaml
  return loaded
}

/**
 * Returns the position in the text of the first collection that is a key inside another key, as in
 * `? ? a`; undefined if there is none. Check this before `toJS`, whose time to convert such keys to
 * strings is exponential in their depth.
 */
export function nestedKeyPosition(document: Yaml.Document): number | undefined {
  const { isPair, visit } = yaml()
  let position: number | undefined
  visit(document, {
    Collection(key, node, path) {
      if (key !== 'key') return undefined
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

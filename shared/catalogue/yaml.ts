import { createRequire } from 'node:module'
import type * as Yaml from 'yaml'

let loaded: typeof Yaml | undefined

/**
 * Loads the YAML reader, an eighth of a cold start, if one of these texts will need it. A built
 * function, which has no `node_modules`, awaits this before it reads its catalogue.
 */
export async function loadYaml(isNeeded: boolean): Promise<void> {
  // CommonJS, which bundlers give as the default alone.
  if (isNeeded) loaded ??= ((await import('yaml')) as unknown as { default: typeof Yaml }).default
}

/** The YAML reader. */
export function yaml(): typeof Yaml {
  loaded ??= createRequire(import.meta.url)('yaml') as typeof Yaml
  return loaded
}

import { createRequire } from 'node:module'
import type * as Yaml from 'yaml'

let loaded: typeof Yaml | undefined

/**
 * Loads the YAML parser if it is needed, because loading takes an eighth of a cold start. A built
 * function, which has no `node_modules`, must await this before it reads its catalogue.
 */
export async function loadYaml(isNeeded: boolean): Promise<void> {
  // Bundlers provide a CommonJS module only as the default export.
  if (isNeeded) loaded ??= ((await import('yaml')) as unknown as { default: typeof Yaml }).default
}

/** Returns the YAML parser. Loads it from `node_modules` if `loadYaml` has not. */
export function yaml(): typeof Yaml {
  loaded ??= createRequire(import.meta.url)('yaml') as typeof Yaml
  return loaded
}

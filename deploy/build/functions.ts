import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The repository, as an absolute path with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Every function of this repository by name, sorted: the directories of `functions/` with an index.ts. */
export function functionNames(): string[] {
  return readdirSync(`${ROOT}functions`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && hasEntryPoint(entry.name))
    .map((entry) => entry.name)
    .sort()
}

function hasEntryPoint(name: string): boolean {
  return readdirSync(`${ROOT}functions/${name}`).includes('index.ts')
}

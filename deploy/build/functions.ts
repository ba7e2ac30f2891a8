import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Absolute path of the repository, with a trailing slash. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Returns the sorted names of all functions: the directories of `functions/` with an index.ts. */
export function functionNames(): string[] {
  return readdirSync(`${ROOT}functions`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && hasEntryPoint(entry.name))
    .map((entry) => entry.name)
    .sort()
}

function hasEntryPoint(name: string): boolean {
  return readdirSync(`${ROOT}functions/${name}`).includes('index.ts')
}

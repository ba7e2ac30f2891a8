import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CatalogueSource } from '../../shared/tools.ts'
import { CATALOGUE_FILE } from '../build/catalogue.ts'
import { StartError } from './start-error.ts'

/** A temporary file with the catalogue, which all functions read. */
export interface CatalogueFile {
  /** The values of all catalogue variables, for the functions. */
  readonly source: Required<CatalogueSource>
  /** Deletes the file. */
  readonly remove: () => Promise<void>
}

const directories = new Set<string>()
process.on('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

/**
 * Writes the catalogue to a file in a new directory that only this user can read. The file is deleted by
 * `remove`, or when this process exits, except by SIGKILL.
 *
 * @throws StartError if the file cannot be written.
 */
export function writeCatalogueFile(text: string): CatalogueFile {
  try {
    const directory = mkdtempSync(join(tmpdir(), 'start-'))
    directories.add(directory)
    const path = join(directory, CATALOGUE_FILE)
    writeFileSync(path, text)
    return {
      source: { TOOLS: undefined, TOOLS_FILE: path, TOOL_SCOPES_JSON: undefined },
      remove: async () => {
        rmSync(directory, { recursive: true, force: true })
        directories.delete(directory)
      },
    }
  } catch (error) {
    const { message } = error as Error
    throw new StartError(`A temporary file cannot be written: ${message}. Set TMPDIR.`)
  }
}

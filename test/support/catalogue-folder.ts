import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A folder with a catalogue and other files. */
export interface CatalogueFolder extends Disposable {
  readonly folder: string
  /** Path of `tools.json`. */
  readonly file: string
}

/** Writes a catalogue and files, by relative path, into a temporary folder. */
export function catalogueFolder(
  catalogue: unknown,
  files: Readonly<Record<string, string | Buffer>> = {},
): CatalogueFolder {
  const folder = mkdtempSync(join(tmpdir(), 'catalogue-'))
  const all = { 'tools.json': JSON.stringify(catalogue), ...files }
  for (const [path, contents] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), contents)
  }
  return {
    folder,
    file: join(folder, 'tools.json'),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}

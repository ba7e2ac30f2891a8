import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'

/** The files beside a catalogue. All paths are relative to its folder, with `/` between names. */
export interface CatalogueFiles {
  /**
   * The bytes of one file.
   *
   * @throws FileFault for what is no file in the folder, or larger than `maxBytes`.
   */
  readonly read: (path: string, maxBytes: number) => Buffer
  /**
   * The files below a folder, sorted, as paths relative to it; names that begin with a dot are left out.
   *
   * @throws FileFault for what is no folder in the catalogue's, or when there are more than `most`.
   */
  readonly list: (path: string, max: number) => readonly string[]
  /** Whether the path is a folder, a file or neither. */
  readonly kindOf: (path: string) => 'folder' | 'file' | undefined
}

/** A path that cannot be read; `message` continues a sentence that begins with its place. */
export class FileFault extends Error {
  override readonly name = 'FileFault'
}

/**
 * The files beside the catalogue at `cataloguePath`; undefined for a catalogue that is given as text.
 * Symbolic links are resolved, and what they lead to must be in the folder too.
 */
export function filesBeside(cataloguePath: string | undefined): CatalogueFiles {
  const folder = cataloguePath === undefined ? undefined : realFolder(cataloguePath)
  const locate = (path: string) => {
    if (folder === undefined) {
      throw new FileFault('files need a catalogue that is given by TOOLS_FILE')
    }
    return locateIn(folder, path)
  }
  return {
    read: (path, maxBytes) => {
      const place = locate(path)
      const { size } = statSync(place)
      if (!statSync(place).isFile()) throw new FileFault(`${shown(path)} is no file`)
      if (size > maxBytes) {
        throw new FileFault(`${shown(path)} has ${size} bytes, and may have ${maxBytes}`)
      }
      return readFileSync(place)
    },
    list: (path, max) => {
      const found: string[] = []
      const visit = (below: string) => {
        const entries = readdirSync(locate(join(path, below)), { withFileTypes: true })
        for (const entry of entries.toSorted(byName)) {
          if (entry.name.startsWith('.')) continue
          const inner = below === '' ? entry.name : `${below}/${entry.name}`
          if (entry.isDirectory()) visit(inner)
          else found.push(checkedLink(inner, statSync(locate(join(path, inner))).isFile()))
          if (found.length > max) throw new FileFault(`has more than ${max} files`)
        }
      }
      if (!statSync(locate(path)).isDirectory()) throw new FileFault(`${shown(path)} is no folder`)
      visit('')
      return found
    },
    kindOf: (path) => {
      const stats = statSync(locate(path))
      return stats.isDirectory() ? 'folder' : stats.isFile() ? 'file' : undefined
    },
  }
}

function realFolder(cataloguePath: string): string | undefined {
  try {
    return realpathSync(dirname(resolve(cataloguePath)))
  } catch {
    return undefined
  }
}

function locateIn(folder: string, path: string): string {
  if (isAbsolute(path) || path.includes('\0') || path.split(/[\\/]/).includes('..')) {
    throw new FileFault(`${shown(path)} must be a relative path without ".."`)
  }
  let place: string
  try {
    place = realpathSync(join(folder, path))
  } catch {
    throw new FileFault(`${shown(path)} cannot be read`)
  }
  const way = relative(folder, place)
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) {
    throw new FileFault(`${shown(path)} leads out of the folder of the catalogue`)
  }
  return place
}

/** A link to a folder could lead back up. */
function checkedLink(path: string, isFile: boolean): string {
  if (isFile) return path
  throw new FileFault(`${shown(path)} is neither a file nor a folder`)
}

function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : one.name > other.name ? 1 : 0
}

function shown(path: string): string {
  return JSON.stringify(path.slice(0, 256))
}

/** The last name of a path. */
export function nameOf(path: string): string {
  return basename(path.replace(/\/+$/, ''))
}

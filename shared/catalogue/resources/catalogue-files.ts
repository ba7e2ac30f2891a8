import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'

/** The files in the folder of a catalogue. All paths are relative to this folder and use `/`. */
export interface CatalogueFiles {
  /**
   * Reads one file.
   *
   * @throws FileFault if there is no such file in the folder, or it is larger than `maxBytes`.
   */
  readonly read: (path: string, maxBytes: number) => Buffer
  /**
   * Returns the files below a folder, sorted, as paths relative to it. Skips names that begin with a dot.
   *
   * @throws FileFault if there is no such folder, or it contains more than `max` files.
   */
  readonly list: (path: string, max: number) => readonly string[]
  /** Returns whether the path is a folder or a file; undefined for anything else. */
  readonly kindOf: (path: string) => 'folder' | 'file' | undefined
}

/** A path that cannot be read. `message` follows the name of the catalogue member in a fault. */
export class FileFault extends Error {
  override readonly name = 'FileFault'
}

/**
 * Returns access to the files in the folder of the catalogue at `cataloguePath`. Undefined: the catalogue
 * is given as text, and every access throws. The targets of symbolic links must be in the folder too.
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
      if (!statSync(place).isFile()) throw new FileFault(`${shown(path)} is not a file`)
      if (size > maxBytes) {
        throw new FileFault(`${shown(path)} has ${size} bytes; the maximum is ${maxBytes}`)
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
      if (!statSync(locate(path)).isDirectory())
        throw new FileFault(`${shown(path)} is not a folder`)
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
  const fromFolder = relative(folder, place)
  if (fromFolder === '..' || fromFolder.startsWith(`..${sep}`) || isAbsolute(fromFolder)) {
    throw new FileFault(`${shown(path)} is outside the folder of the catalogue`)
  }
  return place
}

/** Refuses a link to a folder, which could create a cycle. */
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

/** Returns the last name of a path. */
export function nameOf(path: string): string {
  return basename(path.replace(/\/+$/, ''))
}

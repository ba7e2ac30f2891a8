import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { BUILD_INFO_FILE } from '../../../shared/build-info.ts'

const LABEL_CHARACTERS = 40

/**
 * A digest of all files below `directory`, names and contents, as a label's value (40 hex digits);
 * node_modules and the compile cache are left out, as they are from the upload, and so is what tells one
 * build of the same source from another.
 */
export function digestOf(directory: string): string {
  const hash = createHash('sha256')
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(directory.length))
    .filter(
      (path) =>
        !/(^|\/)(node_modules|compile-cache)\//.test(path) && path !== `/${BUILD_INFO_FILE}`,
    )
  for (const path of files.sort()) {
    const contents = readFileSync(`${directory}${path}`)
    hash.update(`${path}\n${contents.length}\n`).update(contents)
  }
  return hash.digest('hex').slice(0, LABEL_CHARACTERS)
}

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { BUILD_INFO_FILE } from '../../../shared/build-info.ts'
import { CODE_CACHE } from '../../build/runtime/loader.ts'

const LABEL_CHARACTERS = 40
const NOT_UPLOADED = new RegExp(`(^|/)(node_modules|${CODE_CACHE})/`)

/**
 * Returns a digest of the names and contents of all files below `directory`, as a label value (40 hex
 * digits). Excludes node_modules and the code cache, which are not uploaded, and the build information,
 * which differs for each build of the same source.
 */
export function digestOf(directory: string): string {
  const hash = createHash('sha256')
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(directory.length))
    .filter((path) => !NOT_UPLOADED.test(path) && path !== `/${BUILD_INFO_FILE}`)
  for (const path of files.sort()) {
    const contents = readFileSync(`${directory}${path}`)
    hash.update(`${path}\n${contents.length}\n`).update(contents)
  }
  return hash.digest('hex').slice(0, LABEL_CHARACTERS)
}

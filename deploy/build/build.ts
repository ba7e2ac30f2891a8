import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { bundleFunction, bundleRuntime } from './bundle.ts'
import { ROOT } from './functions.ts'
import { licences } from './licences.ts'
import { CACHE_MAKER, ENTRY_POINT, type Lock, manifests } from './manifest.ts'
import { CODE_CACHE } from './runtime/loader.ts'
import { SBOM_FILE, sbom } from './sbom.ts'
import { type PartSize, weights } from './weights.ts'

/** The files of a built function that load its bundle, and their programs. */
const RUNTIME = { [ENTRY_POINT]: 'index', [CACHE_MAKER]: 'make-code-cache' }

/** A built function. */
export interface Built {
  readonly name: string
  /** Absolute path of its directory. */
  readonly directory: string
  /** Total size of the bundle. */
  readonly bytes: number
  readonly weights: readonly PartSize[]
}

/**
 * Builds one function into `<parent>/<name>/`, which is emptied first. Writes the bundle, package.json
 * with its lockfile, the licences of bundled packages, a bill of materials, and a .gcloudignore; without
 * it gcloud would follow .gitignore and upload nothing from `dist`.
 */
export async function buildFunction(name: string, parent: string): Promise<Built> {
  const directory = `${parent.replace(/\/$/, '')}/${name}`
  const { files, metafile } = await bundleFunction(name, directory)
  const { version } = readJson<{ version: string }>('package.json')
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  for (const [path, contents] of files) writeFileSync(path, contents)
  for (const [file, program] of Object.entries(RUNTIME)) {
    const path = `${directory}/${file}`
    writeFileSync(path, await bundleRuntime(program, path))
  }
  // The name that Google documents.
  writeFileSync(`${directory}/index.js`, `import './${ENTRY_POINT}'\n`)
  const lock = readJson<Lock>('package-lock.json')
  const written = manifests(name, version, lock)
  for (const [file, value] of Object.entries(written)) {
    writeFileSync(`${directory}/${file}`, `${JSON.stringify(value, undefined, 2)}\n`)
  }
  writeFileSync(`${directory}/LICENCES.txt`, licences(metafile))
  const installed = written['package-lock.json']
  writeFileSync(`${directory}/${SBOM_FILE}`, sbom({ name, version }, metafile, { lock, installed }))
  writeFileSync(`${directory}/.gcloudignore`, `node_modules/\n${CODE_CACHE}/\n`)
  const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0)
  return { name, directory, bytes, weights: weights(metafile) }
}

/** Makes the code cache of a built function for this machine. The function also works without it. */
export function makeCodeCache(directory: string): void {
  spawnSync(process.execPath, [CACHE_MAKER], { cwd: directory, stdio: 'ignore' })
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(`${ROOT}${path}`, 'utf8')) as T
}

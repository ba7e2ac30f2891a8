import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Script } from 'node:vm'
import { crc32 } from 'node:zlib'

/** Name of the bundle in the directory of a built function. */
export const MAIN = 'main.cjs'

/** Directory of V8's code cache, in the directory of a built function. */
export const CODE_CACHE = 'code-cache'

/** Loads the CommonJS files of a built function. */
export interface Loader {
  /** Runs a file once, with its part of the code cache if it has one, and returns its exports. */
  readonly load: (file: string) => unknown
  /** Returns whether V8 used the cache of a loaded file; undefined if there was none. */
  readonly isCached: (file: string) => boolean | undefined
  /** Replaces the code cache by what V8 has compiled of the loaded files. */
  readonly writeCache: () => void
}

interface LoadedFile {
  readonly script: Script
  /** The CRC-32 of the source. */
  readonly checksum: number
  readonly module: { readonly exports: unknown }
}

/** What the build writes around a bundle, so that the loader makes no copy of it. */
export const WRAPPER = {
  head: '(function (exports, require, module, __dirname) {',
  tail: '})',
} as const

type Run = (
  exports: unknown,
  require: (id: string) => unknown,
  module: object,
  directory: string,
) => void

/** The checksums of the source and of the cache, before the cache. */
const CHECKSUM_BYTES = 8

/**
 * Creates the loader of the function in `directory`. Node's own compile cache is written before a module
 * runs, so it lacks every function that V8 compiles when it is first called, which are most. V8 ignores
 * a cache of another version or flags. It does not notice another source of the same length, and a
 * damaged cache ends the process, so the loader ignores these.
 */
export function createLoader(directory: string): Loader {
  const requirePackage = createRequire(join(directory, 'package.json'))
  const loaded = new Map<string, LoadedFile>()
  const load = (file: string): unknown => {
    const known = loaded.get(file)
    if (known !== undefined) return known.module.exports
    const filename = join(directory, file)
    const source = readFileSync(filename, 'utf8')
    const checksum = crc32(source)
    const cachedData = readCache(join(directory, CODE_CACHE, file), checksum)
    const script = new Script(source, { filename, ...(cachedData && { cachedData }) })
    // Otherwise V8 would count it until it is collected, and collect garbage during the first call.
    if (cachedData !== undefined) release(cachedData)
    const module = { exports: {} }
    loaded.set(file, { script, checksum, module })
    const run = script.runInThisContext() as Run
    run(module.exports, requireFrom, module, directory)
    return module.exports
  }
  const requireFrom = (id: string) => (id.startsWith('./') ? load(id.slice(2)) : requirePackage(id))
  return {
    load,
    isCached: (file) => {
      const isRejected = loaded.get(file)?.script.cachedDataRejected
      return isRejected === undefined ? undefined : !isRejected
    },
    writeCache: () => {
      rmSync(join(directory, CODE_CACHE), { recursive: true, force: true })
      mkdirSync(join(directory, CODE_CACHE))
      for (const [file, { script, checksum }] of loaded) {
        const cache = script.createCachedData()
        const head = Buffer.alloc(CHECKSUM_BYTES)
        head.writeUInt32LE(checksum)
        head.writeUInt32LE(crc32(cache), 4)
        writeFileSync(join(directory, CODE_CACHE, file), Buffer.concat([head, cache]))
      }
    },
  }
}

/** Returns the cache of the source with this checksum; undefined if there is none or it is damaged. */
function readCache(path: string, checksum: number): Buffer<ArrayBuffer> | undefined {
  const bytes = readIfThere(path)
  if (bytes === undefined || bytes.length < CHECKSUM_BYTES) return undefined
  const cache = bytes.subarray(CHECKSUM_BYTES)
  const isWhole = bytes.readUInt32LE() === checksum && bytes.readUInt32LE(4) === crc32(cache)
  return isWhole ? cache : undefined
}

function release({ buffer }: Buffer<ArrayBuffer>): void {
  // Node reads a small file into a buffer that it shares with others.
  if (buffer.byteLength > Buffer.poolSize) buffer.transfer(0)
}

function readIfThere(path: string): Buffer<ArrayBuffer> | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

import { readFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild'
import { ROOT } from './functions.ts'
import { MAIN, WRAPPER } from './runtime/loader.ts'

/** Not bundled, because it runs the function and Google requires it in `dependencies`. */
export const FRAMEWORK = '@google-cloud/functions-framework'

/** What a start does not need. Each is in a file of its own, which is loaded on first use. */
const LATE: ReadonlySet<string> = new Set(['auth0', 'ioredis', 'rate-limiter-flexible', 'yaml'])

const WRAPPED = { banner: { js: WRAPPER.head }, footer: { js: WRAPPER.tail } }

/** Namespace of replaced modules in the metafile's paths. */
export const LEFT_OUT = 'leave-out'

/** Modules that are never used here, and their replacements. */
const UNUSED = [
  // Only for runtimes without streams; Node 24 has them.
  { path: /^\.\/streams\.cjs$/, from: /\/fetch-blob\//, contents: 'module.exports = {}' },
  // Blobs from files, which load node:fs/promises and worker threads; node-fetch only re-exports them.
  {
    path: /^fetch-blob\/from\.js$/,
    contents: `export { default, default as Blob } from './index.js'
      export { default as File } from './file.js'
      export const blobFrom = undefined, blobFromSync = undefined
      export const fileFrom = undefined, fileFromSync = undefined`,
  },
  // Error messages in 50 languages; zod loads English itself.
  {
    path: /^\.\.\/locales\/index\.js$/,
    from: /\/zod\/v4\//,
    contents: `export { default as en } from './en.js'`,
  },
] as const

/** The files of a bundle by absolute path, in memory only. */
export interface Bundle {
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly metafile: Metafile
}

/**
 * Bundles one function and its imports into `<directory>/main.cjs`, and each late package that it uses
 * into a file beside it. Names are kept for readable stack traces. The same source produces the same
 * bytes, in ASCII.
 */
export async function bundleFunction(name: string, directory: string): Promise<Bundle> {
  const late = new Set<string>()
  const bundles = [
    await bundle({
      entryPoints: [`functions/${name}/index.ts`],
      outfile: `${directory}/${MAIN}`,
      plugins: [leaveOut, apart(late), requireInBundle],
      ...WRAPPED,
    }),
  ]
  for (const part of [...late].sort()) {
    const outfile = partFile(directory, part)
    bundles.push(await bundle({ entryPoints: [part], outfile, plugins: [leaveOut], ...WRAPPED }))
  }
  return {
    files: new Map(bundles.flatMap(({ files }) => [...files])),
    metafile: {
      inputs: Object.assign({}, ...bundles.map(({ metafile }) => metafile.inputs)),
      outputs: Object.assign({}, ...bundles.map(({ metafile }) => metafile.outputs)),
    },
  }
}

/** Bundles the program with this name in `deploy/build/runtime` into one CommonJS file. */
export async function bundleRuntime(name: string, outfile: string): Promise<Uint8Array> {
  const entryPoints = [`deploy/build/runtime/${name}.ts`]
  const { files } = await bundle({ entryPoints, outfile })
  return files.get(outfile) ?? new Uint8Array()
}

/** CommonJS, because the code cache is of scripts, and an ES module is none. */
async function bundle(options: BuildOptions & { readonly outfile: string }): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...options,
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    external: [FRAMEWORK],
    define: { 'import.meta.dirname': '__dirname' },
    supported: { 'dynamic-import': false },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'external',
    logLevel: 'warning',
  })
  return { files: new Map(outputFiles.map(({ path, contents }) => [path, contents])), metafile }
}

function partFile(directory: string, name: string): string {
  return `${directory}/part-${name.split('/')[0]}.cjs`
}

/** Leaves late packages out of the bundle and adds the names of those that it uses to `late`. */
function apart(late: Set<string>): Plugin {
  return {
    name: 'apart',
    setup: ({ onResolve }) => {
      onResolve({ filter: /^[a-z]/ }, ({ path, importer }) => {
        if (!LATE.has(path) || importer.includes('/node_modules/')) return undefined
        late.add(path)
        return { path: partFile('.', path), external: true }
      })
    },
  }
}

/** Makes esbuild see what the sources load by `createRequire`, because they are ES modules. */
const requireInBundle: Plugin = {
  name: 'require-in-bundle',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/shared\/catalogue\/yaml\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll(
        'createRequire(import.meta.url)(',
        'require(',
      ),
      loader: 'ts',
    }))
  },
}

const leaveOut: Plugin = {
  name: 'leave-out',
  setup: ({ onResolve, onLoad, resolve }) => {
    for (const [index, unused] of UNUSED.entries()) {
      onResolve({ filter: unused.path }, async ({ path, kind, resolveDir, pluginData }) => {
        if (pluginData === leaveOut || ('from' in unused && !unused.from.test(`${resolveDir}/`))) {
          return undefined
        }
        const found = await resolve(path, { kind, resolveDir, pluginData: leaveOut })
        // The bundle contains the path, and must not depend on the location of the repository.
        return {
          path: relative(ROOT, found.path),
          namespace: LEFT_OUT,
          pluginData: { index, resolveDir: dirname(found.path) },
        }
      })
    }
    onLoad({ filter: /./, namespace: LEFT_OUT }, ({ pluginData: { index, resolveDir } }) => ({
      contents: UNUSED[index]?.contents ?? '',
      resolveDir,
      loader: 'js',
    }))
  },
}

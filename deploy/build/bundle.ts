import { dirname, relative } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import { ROOT } from './functions.ts'

/** Stays outside the bundle: it runs the function, and Google looks for it in `dependencies`. */
export const FRAMEWORK = '@google-cloud/functions-framework'

// CommonJS inside an ES module finds no `require` for Node's own modules.
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`

/** Namespace, in the metafile's paths, of what stands in for such a module. */
export const LEFT_OUT = 'leave-out'

/** Modules that are never used here, and what stands in for them. */
const UNUSED = [
  // For runtimes without streams; Node 24 has them, and loads them when they are used.
  { path: /^\.\/streams\.cjs$/, from: /\/fetch-blob\//, contents: 'module.exports = {}' },
  // Blobs of files, by node:fs/promises and worker threads; node-fetch passes them on to others.
  {
    path: /^fetch-blob\/from\.js$/,
    contents: `export { default, default as Blob } from './index.js'
      export { default as File } from './file.js'
      export const blobFrom = undefined, blobFromSync = undefined
      export const fileFrom = undefined, fileFromSync = undefined`,
  },
  // It loads node:http2, which takes as long as the rest of undici; the gateway has `allowH2: false`.
  {
    path: /^\.\/client-h2\.js$/,
    from: /\/undici\//,
    contents: `module.exports = () => { throw new Error('HTTP/2 is not offered') }`,
  },
  // 50 languages of error messages; zod loads English by itself.
  {
    path: /^\.\.\/locales\/index\.js$/,
    from: /\/zod\/v4\//,
    contents: `export { default as en } from './en.js'`,
  },
] as const

/**
 * Bundles one function with everything it imports into `<directory>/main.js`, an ES module, in
 * memory only. Names are kept, so that a stack trace in the log still tells where; a package behind
 * `import()` is in a file of its own, which is read when it is first asked for. The same source gives
 * the same bytes.
 */
export async function bundleFunction(
  name: string,
  directory: string,
): Promise<{ readonly files: ReadonlyMap<string, Uint8Array>; readonly metafile: Metafile }> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [`functions/${name}/index.ts`],
    outdir: directory,
    entryNames: 'main',
    chunkNames: 'part-[hash]',
    splitting: true,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    external: [FRAMEWORK],
    banner: { js: REQUIRE },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'external',
    logLevel: 'warning',
    plugins: [leaveOut, lazyBuiltins],
  })
  return { files: new Map(outputFiles.map(({ path, contents }) => [path, contents])), metafile }
}

/**
 * Node's own modules as `require` gives them: `import` reads each of a module's exports, and some load
 * much when they are read (a WebSocket client for `node:http`), a tenth of a cold start.
 */
const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'node' } : undefined,
    )
    onLoad({ filter: /./, namespace: 'node' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
      loader: 'js',
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
        // The path gets into the bundle, which is to be the same wherever the repository lies.
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

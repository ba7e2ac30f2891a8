import { dirname, relative } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import { ROOT } from './functions.ts'

/** Not bundled, because it runs the function and Google requires it in `dependencies`. */
export const FRAMEWORK = '@google-cloud/functions-framework'

// Bundled CommonJS code needs `require` for Node's modules, which ES modules do not provide.
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`

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
  // Loads node:http2, which takes as long as the rest of undici; the gateway sets `allowH2: false`.
  {
    path: /^\.\/client-h2\.js$/,
    from: /\/undici\//,
    contents: `module.exports = () => { throw new Error('HTTP/2 is not supported') }`,
  },
  // Error messages in 50 languages; zod loads English itself.
  {
    path: /^\.\.\/locales\/index\.js$/,
    from: /\/zod\/v4\//,
    contents: `export { default as en } from './en.js'`,
  },
] as const

/**
 * Bundles one function and its imports into `<directory>/main.js`, an ES module, in memory only. Names
 * are kept for readable stack traces. A dynamically imported package is in a separate file, which is
 * loaded on first use. The same source produces the same bytes.
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
 * Loads Node's modules like `require`. `import` reads every export of a module, and some exports load
 * further modules when read (a WebSocket client for `node:http`), which takes a tenth of a cold start.
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

import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Returns the script of the host page, bundled with the MCP client and the ext-apps bridge. */
export async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('browser/page.js', import.meta.url))],
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    target: 'es2023',
    logLevel: 'warning',
  })
  return outputFiles[0]?.text ?? ''
}

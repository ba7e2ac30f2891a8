import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** The script of the host's page, with the MCP client and the bridge of ext-apps in it. */
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

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runToEnd } from './client-process.ts'
import { inPackage } from './packages.ts'
import type { RealClient } from './real-client.ts'

/** mcporter with one process per call. */
export const MCPORTER: RealClient = {
  name: 'mcporter',
  manners: {
    windowsAtExpiry: 1,
    stepUp: { shows: "Run 'mcporter auth local'. (Unauthorized)", windows: 2 },
    windowsAtPublicTool: 1,
  },
  start: async ({ url, machine: { home, env } }) => {
    const cli = inPackage('mcporter', 'dist/cli.js')
    const config = join(home, 'mcporter.json')
    const local = { baseUrl: url, auth: 'oauth' }
    await writeFile(config, JSON.stringify({ mcpServers: { local }, imports: [] }))
    const mcporter = async (...args: readonly string[]) => {
      const { stdout, stderr } = await runToEnd(
        process.execPath,
        [cli, '--config', config, ...args],
        { cwd: home, env },
      )
      return stdout + stderr
    }
    return {
      call: (tool, args = {}) => mcporter('call', `local.${tool}`, '--args', JSON.stringify(args)),
      signIn: async () => {
        await mcporter('auth', 'local', '--reset')
      },
      [Symbol.asyncDispose]: async () => undefined,
    }
  },
}

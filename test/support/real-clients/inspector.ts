import { freePort } from '../http/free-port.ts'
import { runToEnd } from './client-process.ts'
import { inPackage } from './packages.ts'
import type { RealClient } from './real-client.ts'

/** The command line of MCP Inspector with one process per call. */
export const INSPECTOR: RealClient = {
  name: '@modelcontextprotocol/inspector',
  manners: {
    windowsAtExpiry: 0,
    stepUp: { shows: 'auth() returned AUTHORIZED without authorization code', windows: 1 },
    windowsAtPublicTool: 0,
  },
  start: async ({ url, machine: { home, env } }) => {
    const cli = inPackage('@modelcontextprotocol/inspector', 'clients/launcher/build/index.js')
    const callback = `http://127.0.0.1:${await freePort()}/oauth/callback`
    const variables = {
      ...env,
      // Without a terminal, MCP Inspector opens a browser only with this variable.
      MCP_AUTO_OPEN_ENABLED: 'true',
      MCP_INSPECTOR_SECRET_STORE: 'file',
    }
    const inspector = async (...args: readonly string[]) => {
      const connection = ['--server-url', url, '--transport', 'http', '--callback-url', callback]
      const { stdout, stderr } = await runToEnd(
        process.execPath,
        [cli, '--cli', ...connection, ...args],
        { cwd: home, env: variables },
      )
      return stdout + stderr
    }
    return {
      call: (tool, args = {}) => {
        const given = JSON.stringify(args)
        return inspector('--method', 'tools/call', '--tool-name', tool, '--tool-args-json', given)
      },
      signIn: async () => {
        await inspector('--relogin', '--method', 'tools/list')
      },
      [Symbol.asyncDispose]: async () => undefined,
    }
  },
}

import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { inPackage } from './packages.ts'
import type { RealClient } from './real-client.ts'

const CALL_LIMIT_MS = 120_000

/** mcp-remote as the server of an MCP client over stdio, with one process for all calls. */
export const MCP_REMOTE: RealClient = {
  name: 'mcp-remote',
  manners: {
    windowsAtExpiry: 0,
    stepUp: 'by itself',
    windowsAtPublicTool: 0,
  },
  start: async ({ url, machine: { home, env } }) => {
    const client = new Client(
      { name: 'test', version: '1.0.0' },
      { versionNegotiation: { mode: 'legacy' } },
    )
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [inPackage('mcp-remote', 'dist/proxy.js'), url, '--auth-timeout', '60'],
      cwd: home,
      env: { ...env },
      stderr: 'ignore',
    })
    await client.connect(transport, { timeout: CALL_LIMIT_MS })
    return {
      call: async (name, args = {}) => {
        const params = { name, arguments: { ...args } }
        try {
          return JSON.stringify(await client.callTool(params, { timeout: CALL_LIMIT_MS }))
        } catch (error) {
          return String(error)
        }
      },
      [Symbol.asyncDispose]: () => client.close(),
    }
  },
}

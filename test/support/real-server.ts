import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { ROOT } from '../../deploy/build/functions.ts'
import { listen } from './http/listen.ts'

/** A published MCP server whose tools are available as HTTP backends. */
export interface RealServer extends AsyncDisposable {
  /** Its unchanged `tools/list` result. */
  readonly listed: { readonly tools: readonly RealTool[] }
  /** The backends. `POST {url}/{tool}` with the arguments returns the result of the server. */
  readonly url: string
  /** The results of all calls, oldest first. */
  readonly results: readonly Readonly<Record<string, unknown>>[]
}

export interface RealTool {
  readonly name: string
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly annotations?: unknown
  readonly inputSchema: Readonly<Record<string, unknown>>
  readonly outputSchema?: Readonly<Record<string, unknown>> | undefined
}

/** Starts the server of an npm package over stdio with the official client. */
export async function startRealServer(
  packageName: string,
  args: readonly string[],
): Promise<RealServer> {
  const client = new Client({ name: 'backend', version: '1.0.0' })
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [`${ROOT}node_modules/${packageName}/dist/index.js`, ...args],
      stderr: 'ignore',
    }),
  )
  const listed = await client.request({ method: 'tools/list' })
  const results: Readonly<Record<string, unknown>>[] = []
  const server = createServer(async (req, res) => {
    const name = (req.url ?? '').slice(1)
    const params = { name, arguments: JSON.parse(await text(req)) }
    const result = await client.request({ method: 'tools/call', params })
    results.push(result)
    res.writeHead(200, { 'content-type': 'application/json' })
    res.end(JSON.stringify(result))
  })
  const listening = await listen(server)
  return {
    listed,
    results,
    url: listening.url,
    [Symbol.asyncDispose]: async () => {
      await listening[Symbol.asyncDispose]()
      await client.close()
    },
  }
}

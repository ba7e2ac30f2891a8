import {
  Client,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { ChatGpt } from './chatgpt.ts'

const ME = { name: 'test', version: '1.0.0' }

/** A connected client of either SDK version. */
export interface Connected {
  readonly revision: string | undefined
  readonly listTools: () => Promise<readonly string[]>
  readonly callTool: (name: string, args?: Readonly<Record<string, unknown>>) => Promise<ToolAnswer>
  readonly close: () => Promise<void>
}

export interface ToolAnswer {
  readonly content?: unknown
  readonly structuredContent?: unknown
  readonly isError?: unknown
  readonly _meta?: unknown
}

/** Connects with SDK 2.x and signs in if required. `auto` tries 2026-07-28 first. */
export async function connectV2(
  url: string,
  { provider, authorize }: ChatGpt,
  mode: 'auto' | 'legacy' = 'auto',
): Promise<Connected> {
  const attempt = async () => {
    const client = new Client(ME, { versionNegotiation: { mode } })
    const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider })
    try {
      await client.connect(transport)
      return client
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error
      await transport.finishAuth((await authorize()).searchParams)
      return undefined
    }
  }
  const client = (await attempt()) ?? (await attempt())
  if (client === undefined) throw new Error('unauthorized after the sign-in')
  return {
    revision: client.getNegotiatedProtocolVersion(),
    listTools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    callTool: (name, args = {}) => client.callTool({ name, arguments: { ...args } }),
    close: () => client.close(),
  }
}

/** Connects with SDK 1.x and signs in if required. */
export async function connectV1(url: string, { provider, authorize }: ChatGpt): Promise<Connected> {
  const attempt = async () => {
    const client = new ClientV1(ME)
    const transport = new TransportV1(new URL(url), {
      // The interfaces of the SDKs differ only in optional members that are not called here.
      authProvider: provider as never,
    })
    try {
      // The declarations of the SDK fail under exactOptionalPropertyTypes.
      await client.connect(transport as never)
      return client
    } catch (error) {
      if (!(error instanceof Error) || error.constructor.name !== 'UnauthorizedError') throw error
      await transport.finishAuth((await authorize()).searchParams.get('code') ?? '')
      return undefined
    }
  }
  const client = (await attempt()) ?? (await attempt())
  if (client === undefined) throw new Error('unauthorized after the sign-in')
  return {
    revision: undefined,
    listTools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    callTool: (name, args = {}) => client.callTool({ name, arguments: { ...args } }),
    close: () => client.close(),
  }
}

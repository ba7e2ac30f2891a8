import { type System, type SystemOptions, startSystem } from '../../deploy/local/system.ts'
import { keepSecret, keepWritten } from './written.ts'

/** Starts the whole local system on free ports. */
export async function startOnFreePorts(
  env: Readonly<Record<string, string>> = {},
  options: SystemOptions = {},
): Promise<System> {
  const system = await startSystem(
    { PORT: '0', TENANT_PORT: '0', LOG_LEVEL: 'debug', ...env },
    { report: ({ line }) => keepWritten(line), ...options },
  )
  for (const [name, value] of Object.entries(system.variables)) {
    if (name.endsWith('_SECRET')) keepSecret(value)
  }
  return system
}

/** Sends one POST to the MCP endpoint. */
export async function postMcp(
  system: System,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${system.url}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

/** A `tools/call` message of the revision 2025-11-25. */
export function callMessage(name: string, args: Readonly<Record<string, unknown>> = {}) {
  return { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }
}

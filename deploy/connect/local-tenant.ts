import type { AuthorizationServerMetadata } from '@modelcontextprotocol/client'
import { isLoopback } from '../../shared/config.ts'
import type { Fetch } from './fetch-document.ts'

/** Whether the stand-in tenant of `npm start` serves these endpoints: only on this machine. */
export async function isLocalTenant(
  send: Fetch,
  { token_endpoint }: AuthorizationServerMetadata,
): Promise<boolean> {
  const endpoint = new URL(token_endpoint)
  if (!isLoopback(endpoint.hostname)) return false
  try {
    const response = await send(new URL('/__tenant', endpoint).href)
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}

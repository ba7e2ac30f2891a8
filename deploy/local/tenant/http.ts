import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'

/** A request refused, in the form `{ statusCode, error, message, errorCode }` of Auth0's APIs. */
export class TenantError extends Error {
  override readonly name = 'TenantError'
  readonly status: number
  readonly errorCode: string

  constructor(status: number, errorCode: string, message: string) {
    super(message)
    this.status = status
    this.errorCode = errorCode
  }
}

const MAX_BODY_BYTES = 1024 * 1024

export const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers': 'authorization, content-type, mcp-protocol-version',
}

export function sendJson(
  res: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = value === undefined ? '' : JSON.stringify(value)
  res.writeHead(status, {
    ...(value !== undefined && { 'content-type': 'application/json; charset=utf-8' }),
    'cache-control': 'no-store',
    ...headers,
  })
  res.end(body)
}

/** @throws TenantError for a body over 1 MiB. */
export async function readText(req: IncomingMessage): Promise<string> {
  const body = await buffer(req)
  if (body.length > MAX_BODY_BYTES) throw new TenantError(413, 'invalid_body', 'Body too large')
  return body.toString()
}

/** @throws TenantError when the body is not a JSON object or array. */
export async function readJson(req: IncomingMessage): Promise<unknown> {
  try {
    const value: unknown = JSON.parse(await readText(req))
    if (value !== null && typeof value === 'object') return value
  } catch (error) {
    if (error instanceof TenantError) throw error
  }
  throw new TenantError(400, 'invalid_body', 'Payload validation error: a JSON body is expected.')
}

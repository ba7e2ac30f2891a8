import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { Page } from './oauth/pages.ts'

/** An error response of the tenant. */
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

/** An injected error response, which may differ from those that Auth0 documents. */
export class StagedError extends TenantError {
  /** Additional header fields of the response. */
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    errorCode: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(status, errorCode, message)
    this.headers = headers
  }
}

const MAX_BODY_BYTES = 1024 * 1024

/** Auth0 allows every origin at the endpoints that MCP clients in a browser call. */
export const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  // Swagger UI sends x-requested-with.
  'access-control-allow-headers':
    'authorization, content-type, mcp-protocol-version, x-requested-with',
  'access-control-max-age': '3600',
}

export function sendJson(
  res: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  res.writeHead(status, {
    ...(value !== undefined && { 'content-type': 'application/json; charset=utf-8' }),
    'cache-control': 'no-store',
    ...headers,
  })
  res.end(value === undefined ? '' : JSON.stringify(value))
}

export async function sendHtml(res: ServerResponse, status: number, page: Page): Promise<void> {
  const text = String(await page)
  res.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'x-frame-options': 'DENY',
  })
  res.end(text)
}

/** Reads the body as text. @throws TenantError 413 for a body over 1 MiB. */
export async function readText(req: IncomingMessage): Promise<string> {
  const body = await buffer(req)
  if (body.length > MAX_BODY_BYTES) throw new TenantError(413, 'invalid_body', 'Body too large')
  return body.toString()
}

/** Reads the body as JSON. @throws TenantError 400 if it is not a JSON object or array. */
export async function readJson(req: IncomingMessage): Promise<object> {
  const value = parseJson(await readText(req))
  if (value !== null && typeof value === 'object') return value
  throw new TenantError(
    400,
    'invalid_body',
    'Payload validation error: the body must be a JSON object or array.',
  )
}

/** Parses JSON. Returns undefined for invalid JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

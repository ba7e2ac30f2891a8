import type { ServerResponse } from 'node:http'

/** Sends `{ error, message }`, the error format of the functions. */
export function sendError(
  res: ServerResponse,
  status: number,
  error: string,
  message: string,
): void {
  if (res.headersSent || res.destroyed) return void res.destroy()
  const body = JSON.stringify({ error, message })
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status === 503 && { 'retry-after': '1' }),
  })
  res.end(res.req.method === 'HEAD' ? undefined : body)
}

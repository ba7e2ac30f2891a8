/** One request of a load. */
export interface LoadRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const written = new Map<string, WeakMap<LoadRequest, Buffer>>()

/** The bytes of a request to `host` (with its port). They are made once per request object and host. */
export function requestBytes(host: string, request: LoadRequest): Buffer {
  let ofHost = written.get(host)
  if (ofHost === undefined) {
    ofHost = new WeakMap()
    written.set(host, ofHost)
  }
  let bytes = ofHost.get(request)
  if (bytes === undefined) {
    bytes = write(host, request)
    ofHost.set(request, bytes)
  }
  return bytes
}

function write(host: string, { method, path, headers, body }: LoadRequest): Buffer {
  const fields = { host, connection: 'keep-alive', ...headers }
  const isLengthMissing =
    method === 'POST' && !Object.keys(headers).some((name) => /^content-length$/i.test(name))
  const length = isLengthMissing ? { 'content-length': String(Buffer.byteLength(body)) } : {}
  const lines = Object.entries({ ...fields, ...length }).map(([name, value]) => `${name}: ${value}`)
  return Buffer.from(`${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n${body}`)
}

// RFC 9110 s5.6.2
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Fields of the connection and of message framing (RFC 9110 s7.6.1, RFC 9112, RFC 9113). */
const FRAMING: ReadonlySet<string> = new Set([
  ...['host', 'content-length', 'transfer-encoding', 'connection', 'keep-alive', 'te', 'trailer'],
  ...['upgrade', 'http2-settings', 'expect', 'proxy-connection'],
])
/** Header fields that the HTTP connection, the gateway or a proxy sets and that a backend may trust. */
const RESERVED: ReadonlySet<string> = new Set([
  ...FRAMING,
  'content-type',
  // The gateway refuses compressed responses.
  ...['content-encoding', 'accept-encoding', 'max-forwards'],
  // Credentials: `backendAuth` sets them, and `in: cookie` makes the cookies.
  ...['authorization', 'proxy-authorization', 'cookie', 'x-serverless-authorization'],
  // Fields that the gateway sets.
  ...['x-request-id', 'traceparent', 'tracestate', 'x-user-uid', 'x-gateway-sig'],
  ...['x-gateway-assertion'],
  // Fields in which proxies describe the client and the original request.
  ...['forwarded', 'via', 'x-real-ip', 'x-original-url', 'x-rewrite-url', 'true-client-ip'],
  ...['x-http-method-override', 'x-http-method', 'x-method-override', 'x-cloud-trace-context'],
])
const RESERVED_PREFIX = /^(x-forwarded-|x-gateway-|x-goog-|x-appengine-|x-envoy-|sec-|:)/

/** Returns whether a `request` must not set this header field, in `headers` or as a parameter. */
export function isReservedField(name: string): boolean {
  const lower = name.toLowerCase()
  return RESERVED.has(lower) || RESERVED_PREFIX.test(lower)
}

/** Returns whether only the HTTP client sets this header field. */
export function isFramingField(name: string): boolean {
  return FRAMING.has(name.toLowerCase())
}

/** Returns whether the text is a token, the form of header field names and cookie names. */
export function isTokenText(text: string): boolean {
  return TOKEN.test(text)
}

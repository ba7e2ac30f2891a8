import { asObject, parseJson } from '../../shared/json.ts'
import type { Answer, Exchange } from './probe.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** The JSON object in an exchange, or in a few words what there was instead. */
export type Document = { readonly value: JsonObject } | { readonly absent: string }

/** The parameters of a Bearer challenge, their names in lower case (RFC 9110 s11.6.1). */
export type Challenge = ReadonlyMap<string, string>

const PARAMETER = /([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi
const MAX_PREVIEW_CHARACTERS = 200

export function isAnswer(exchange: Exchange): exchange is Answer {
  return 'status' in exchange
}

/** The path of a request, or its whole URL when it did not go to `origin`. */
export function pathOf({ url }: Exchange, origin: string): string {
  return url.startsWith(`${origin}/`) ? url.slice(origin.length) : url
}

/** The outcome of an exchange, in a few words. */
export function outcomeOf(exchange: Exchange): string {
  if (!isAnswer(exchange)) {
    return exchange.failure === 'timeout' ? 'no answer in time' : `no answer (${exchange.failure})`
  }
  const location = exchange.headers.get('location')
  if (location !== null) {
    return `${exchange.status}, to ${location.slice(0, MAX_PREVIEW_CHARACTERS)}`
  }
  return isHtml(exchange) ? `${exchange.status} with an HTML page` : `${exchange.status}`
}

/** Method, path and outcome of each exchange, equal ones once. */
export function outcomesOf(exchanges: readonly Exchange[], origin: string): string {
  const lines = exchanges.map((one) => `${one.method} ${pathOf(one, origin)}: ${outcomeOf(one)}`)
  return [...new Set(lines)].join('; ')
}

/** The value of a header field; undefined when there is none. */
export function headerOf({ headers }: Answer, name: string): string | undefined {
  return headers.get(name) ?? undefined
}

export function isHtml({ headers, text }: Answer): boolean {
  return /^\s*text\/html\b/i.test(headers.get('content-type') ?? '') || /^\s*<(!|html)/i.test(text)
}

export function isRedirect(exchange: Exchange): boolean {
  return isAnswer(exchange) && [301, 302, 303, 307, 308].includes(exchange.status)
}

/** By CORS; without an origin: any. */
export function allowsOrigin(exchange: Exchange, origin?: string): boolean {
  if (!isAnswer(exchange)) return false
  const allowed = exchange.headers.get('access-control-allow-origin')
  return allowed === '*' || (origin !== undefined && allowed === origin)
}

/** Only a 200 with a JSON object is a document; its Content-Type is a matter of a check. */
export function documentOf(exchange: Exchange): Document {
  if (!isAnswer(exchange) || exchange.status !== 200 || isHtml(exchange)) {
    return { absent: outcomeOf(exchange) }
  }
  const parsed = parseJson(exchange.text)
  if (parsed === undefined) return { absent: '200 with a body that is not JSON' }
  const value = asObject(parsed.value)
  return value === undefined ? { absent: '200 with JSON that is not an object' } : { value }
}

/** The first of these that is a document. */
export function firstDocument(exchanges: readonly Exchange[]): JsonObject | undefined {
  for (const exchange of exchanges) {
    const document = documentOf(exchange)
    if ('value' in document) return document.value
  }
  return undefined
}

/** The result of a JSON-RPC response, which may be the last event of a stream. */
export function rpcResultOf(exchange: Exchange): JsonObject | undefined {
  if (!isAnswer(exchange) || exchange.status !== 200) return undefined
  const isStream = /^text\/event-stream\b/i.test(headerOf(exchange, 'content-type') ?? '')
  const events = exchange.text.split(/\r?\n/).filter((line) => line.startsWith('data:'))
  const json = isStream ? (events.at(-1) ?? '').slice('data:'.length) : exchange.text
  return asObject(asObject(parseJson(json)?.value)?.['result'])
}

/** The challenge in a tool result, on which ChatGPT offers to sign in; undefined without one. */
export function signInIn(result: JsonObject | undefined): string | undefined {
  const value = asObject(result?.['_meta'])?.['mcp/www_authenticate']
  const challenge = [value ?? []].flat().join(' ')
  return challenge === '' ? undefined : challenge
}

/** The Bearer challenge of a response; undefined when it has none. */
export function challengeOf(exchange: Exchange): Challenge | undefined {
  if (!isAnswer(exchange)) return undefined
  return parseChallenge(headerOf(exchange, 'www-authenticate') ?? '')
}

/** Undefined unless the value begins with a Bearer challenge. */
export function parseChallenge(value: string): Challenge | undefined {
  if (!/^\s*bearer(\s|$)/i.test(value)) return undefined
  return new Map(
    [...value.matchAll(PARAMETER)].map(([, name = '', quoted, token]) => [
      name.toLowerCase(),
      quoted?.replaceAll(/\\(.)/g, '$1') ?? token ?? '',
    ]),
  )
}

/** The scopes of a challenge; undefined when it names none. */
export function scopesOf(challenge: Challenge | undefined): readonly string[] | undefined {
  return challenge
    ?.get('scope')
    ?.split(' ')
    .filter((scope) => scope !== '')
}

export function isObject(value: unknown): value is JsonObject {
  return asObject(value) !== undefined
}

/** The strings in a list, or undefined when the value is not a list. */
export function stringsIn(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined
}

/** Any value as one short line. */
export function preview(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > MAX_PREVIEW_CHARACTERS
    ? `${text.slice(0, MAX_PREVIEW_CHARACTERS - 1)}…`
    : text
}

import { asObject, parseJson } from '../../shared/json.ts'
import type { ProbeResponse, ProbeResult } from './probe.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** The JSON object of a probe result, or a short description of the actual response. */
export type Document = { readonly value: JsonObject } | { readonly absent: string }

/** The parameters of a Bearer challenge, their names in lower case (RFC 9110 s11.6.1). */
export type Challenge = ReadonlyMap<string, string>

const PARAMETER = /([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi
const MAX_PREVIEW_CHARACTERS = 200

export function isResponse(result: ProbeResult): result is ProbeResponse {
  return 'status' in result
}

/** Returns the path of a request, or its whole URL if it was not sent to `origin`. */
export function pathOf({ url }: ProbeResult, origin: string): string {
  return url.startsWith(`${origin}/`) ? url.slice(origin.length) : url
}

/** Describes a probe result in a few words. */
export function outcomeOf(result: ProbeResult): string {
  if (!isResponse(result)) {
    return result.failure === 'timeout' ? 'no response in time' : `no response (${result.failure})`
  }
  const location = result.headers.get('location')
  if (location !== null) {
    return `${result.status}, to ${location.slice(0, MAX_PREVIEW_CHARACTERS)}`
  }
  return isHtml(result) ? `${result.status} with an HTML page` : `${result.status}`
}

/** Describes method, path and outcome of each probe result, without duplicates. */
export function outcomesOf(results: readonly ProbeResult[], origin: string): string {
  const lines = results.map((one) => `${one.method} ${pathOf(one, origin)}: ${outcomeOf(one)}`)
  return [...new Set(lines)].join('; ')
}

/** Returns the value of a header; undefined if it is absent. */
export function headerOf({ headers }: ProbeResponse, name: string): string | undefined {
  return headers.get(name) ?? undefined
}

export function isHtml({ headers, text }: ProbeResponse): boolean {
  return /^\s*text\/html\b/i.test(headers.get('content-type') ?? '') || /^\s*<(!|html)/i.test(text)
}

export function isRedirect(result: ProbeResult): boolean {
  return isResponse(result) && [301, 302, 303, 307, 308].includes(result.status)
}

/** Returns whether CORS allows the origin, or any origin if it is undefined. */
export function allowsOrigin(result: ProbeResult, origin?: string): boolean {
  if (!isResponse(result)) return false
  const allowed = result.headers.get('access-control-allow-origin')
  return allowed === '*' || (origin !== undefined && allowed === origin)
}

/** Reads the JSON object of a 200 response. A separate check examines its Content-Type. */
export function documentOf(result: ProbeResult): Document {
  if (!isResponse(result) || result.status !== 200 || isHtml(result)) {
    return { absent: outcomeOf(result) }
  }
  const parsed = parseJson(result.text)
  if (parsed === undefined) return { absent: '200 with a body that is not JSON' }
  const value = asObject(parsed.value)
  return value === undefined ? { absent: '200 with JSON that is not an object' } : { value }
}

/** Returns the first JSON object. */
export function firstDocument(results: readonly ProbeResult[]): JsonObject | undefined {
  for (const result of results) {
    const document = documentOf(result)
    if ('value' in document) return document.value
  }
  return undefined
}

/** Returns the result of a JSON-RPC response, which may be the last event of a stream. */
export function rpcResultOf(result: ProbeResult): JsonObject | undefined {
  if (!isResponse(result) || result.status !== 200) return undefined
  const isStream = /^text\/event-stream\b/i.test(headerOf(result, 'content-type') ?? '')
  const events = result.text.split(/\r?\n/).filter((line) => line.startsWith('data:'))
  const json = isStream ? (events.at(-1) ?? '').slice('data:'.length) : result.text
  return asObject(asObject(parseJson(json)?.value)?.['result'])
}

/** Returns the challenge in a tool result, which starts ChatGPT's sign-in; undefined if there is none. */
export function signInIn(result: JsonObject | undefined): string | undefined {
  const value = asObject(result?.['_meta'])?.['mcp/www_authenticate']
  const challenge = [value ?? []].flat().join(' ')
  return challenge === '' ? undefined : challenge
}

/** Returns the Bearer challenge of a response; undefined if it has none. */
export function challengeOf(result: ProbeResult): Challenge | undefined {
  if (!isResponse(result)) return undefined
  return parseChallenge(headerOf(result, 'www-authenticate') ?? '')
}

/** Parses a Bearer challenge; undefined for any other value. */
export function parseChallenge(value: string): Challenge | undefined {
  if (!/^\s*bearer(\s|$)/i.test(value)) return undefined
  return new Map(
    [...value.matchAll(PARAMETER)].map(([, name = '', quoted, token]) => [
      name.toLowerCase(),
      quoted?.replaceAll(/\\(.)/g, '$1') ?? token ?? '',
    ]),
  )
}

/** Returns the scopes of a challenge; undefined if it names none. */
export function scopesOf(challenge: Challenge | undefined): readonly string[] | undefined {
  return challenge
    ?.get('scope')
    ?.split(' ')
    .filter((scope) => scope !== '')
}

export function isObject(value: unknown): value is JsonObject {
  return asObject(value) !== undefined
}

/** Returns the strings in a list; undefined if the value is not a list. */
export function stringsIn(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined
}

/** Returns any value as one short line. */
export function preview(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > MAX_PREVIEW_CHARACTERS
    ? `${text.slice(0, MAX_PREVIEW_CHARACTERS - 1)}…`
    : text
}

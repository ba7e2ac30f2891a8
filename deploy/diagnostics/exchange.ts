import { asObject, parseJson } from '../../shared/json.ts'
import { type Exchange, isAnswer, isHtml, outcomeOf } from './probe.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** The JSON object that an exchange brought, or in a few words what it brought instead. */
export type Document = { readonly value: JsonObject } | { readonly absent: string }

/** Only a 200 with a JSON object is a document; what its Content-Type says is left to a check. */
export function documentOf(exchange: Exchange): Document {
  if (!isAnswer(exchange) || exchange.status !== 200 || isHtml(exchange)) {
    return { absent: outcomeOf(exchange) }
  }
  const parsed = parseJson(exchange.text)
  if (parsed === undefined) return { absent: '200 with something that is not JSON' }
  const value = asObject(parsed.value)
  return value === undefined ? { absent: '200 with JSON that is no object' } : { value }
}

/** The first of these that is a document. */
export function firstDocument(exchanges: readonly Exchange[]): JsonObject | undefined {
  for (const exchange of exchanges) {
    const document = documentOf(exchange)
    if ('value' in document) return document.value
  }
  return undefined
}

export function isObject(value: unknown): value is JsonObject {
  return asObject(value) !== undefined
}

/** The strings in a list, or undefined when it is no list. */
export function stringsIn(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined
}

/** Anything as one short line. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}

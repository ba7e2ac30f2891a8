import { type Exchange, isAnswer } from '../../../diagnostics/probe.ts'

/** The parameters of a Bearer challenge, their names in lower case (RFC 9110 s11.6.1). */
export type Challenge = ReadonlyMap<string, string>

const PARAMETER = /([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi

/** The Bearer challenge of an answer; undefined when it has none. */
export function challengeOf(exchange: Exchange): Challenge | undefined {
  if (!isAnswer(exchange)) return undefined
  return parseChallenge(exchange.headers.get('www-authenticate') ?? '')
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

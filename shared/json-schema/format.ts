import { fullFormats } from 'ajv-formats/dist/formats.js'
import type { Spend } from './pattern/match.ts'
import { compilePattern, type PatternTest } from './pattern/pattern.ts'

/** RFC 3986, 5321 and the like set no limit, or a lower one. */
const MAX_CHARACTERS = 8_192

/** The check of a format of JSON Schema 2020-12 (validation s7.3); undefined for all others. */
export function compileFormat(name: string): PatternTest | undefined {
  if (!NAMES.has(name) || !Object.hasOwn(fullFormats, name)) return undefined
  const format: unknown = Reflect.get(fullFormats, name)
  if (format instanceof RegExp) return bounded(compilePattern(format.source, format.flags))
  const test = typeof format === 'function' ? format : Reflect.get(Object(format), 'validate')
  return bounded((text: string, spend: Spend) => {
    spend(1 + text.length)
    return Reflect.apply(test, undefined, [text]) === true
  })
}

function bounded(test: PatternTest): PatternTest {
  return (text, spend) => text.length <= MAX_CHARACTERS && test(text, spend)
}

const NAMES: ReadonlySet<string> = new Set([
  'date',
  'time',
  'date-time',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uri',
  'uri-reference',
  'uri-template',
  'uuid',
  'json-pointer',
  'relative-json-pointer',
  'regex',
])

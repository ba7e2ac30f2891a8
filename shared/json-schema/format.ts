import { fullFormats } from 'ajv-formats/dist/formats.js'
import type { Spend } from './pattern/match.ts'
import { compilePattern, type PatternTest } from './pattern/pattern.ts'

/** The RFCs of these formats set a lower limit or none. */
const MAX_CHARACTERS = 8_192

/**
 * Returns the test of a format of JSON Schema 2020-12 (Validation s7.3); undefined for an unknown
 * format.
 */
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

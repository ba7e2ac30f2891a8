import { oneLine } from './one-line.ts'

/** One fault as a JSON Schema validator reports it, in the members that Ajv gives. */
export interface ValidationError {
  /** JSON Pointer to the value that does not fit. */
  readonly instancePath: string
  readonly keyword: string
  readonly params: Readonly<Record<string, unknown>>
  readonly message?: string | undefined
}

const MAX_FAULTS = 5
const MAX_CHARACTERS = 1_000
const MAX_PLACE_CHARACTERS = 120
const MAX_CONSTANT_CHARACTERS = 80
const MAX_ALLOWED_CHARACTERS = 200
const MAX_MESSAGE_CHARACTERS = 200

/**
 * The first five faults in one line of at most 1,000 characters. It names places of the value and
 * constants of the schema, never the value itself: the constant, the allowed values as far as they are
 * short, objects as JSON.
 */
export function validationSentence(errors: readonly ValidationError[]): string {
  return oneLine(errors.slice(0, MAX_FAULTS).map(describe).join('; '), MAX_CHARACTERS)
}

function describe({ instancePath, keyword, params, message }: ValidationError): string {
  const place = oneLine(instancePath, MAX_PLACE_CHARACTERS) || 'arguments'
  if (keyword === 'const')
    return `${place} must be equal to constant (${quoted(params['allowedValue'])})`
  if (keyword === 'enum' && Array.isArray(params['allowedValues'])) {
    return `${place} must be equal to one of the allowed values (${listed(params['allowedValues'])})`
  }
  const fault = oneLine(message ?? 'does not fit', MAX_MESSAGE_CHARACTERS)
  const name =
    params['additionalProperty'] ?? params['unevaluatedProperty'] ?? params['propertyName']
  return typeof name === 'string' ? `${place} ${fault} (${quoted(name)})` : `${place} ${fault}`
}

/** As many of them as are short together, the first always. */
function listed(values: readonly unknown[]): string {
  const named: string[] = []
  let characters = 0
  for (const value of values) {
    const text = typeof value === 'string' ? bounded(value) : quoted(value)
    characters += text.length + 2
    if (characters > MAX_ALLOWED_CHARACTERS && named.length > 0) break
    named.push(text)
  }
  const left = values.length - named.length
  return `${named.join(', ')}${left > 0 ? `, and ${left} more` : ''}`
}

/** As JSON, so that "1" and 1 differ. */
function quoted(value: unknown): string {
  return bounded(JSON.stringify(value) ?? 'undefined')
}

function bounded(text: string): string {
  const line = oneLine(text, MAX_CONSTANT_CHARACTERS)
  return text.length > MAX_CONSTANT_CHARACTERS ? `${line}…` : line
}

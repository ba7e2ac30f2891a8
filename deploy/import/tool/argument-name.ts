const MAX_NAME = 64
const OPERATORS: Readonly<Record<string, { readonly date: string; readonly other: string }>> = {
  '<=': { date: 'on_or_before', other: 'lte' },
  '>=': { date: 'on_or_after', other: 'gte' },
  '<': { date: 'before', other: 'lt' },
  '>': { date: 'after', other: 'gt' },
  '!=': { date: 'not', other: 'not' },
  '!': { date: 'not', other: 'not' },
}

/**
 * Returns a name that clients accept (`^[a-zA-Z0-9_.-]{1,64}$`). An operator at its end, as in Twilio's
 * `DateSent<`, becomes a word.
 */
export function argumentName(name: string, format: unknown): string {
  const [, base = name, operator = ''] =
    /^(.*?[A-Za-z0-9_.-])\s*(<=|>=|!=|<|>|!)$/s.exec(name) ?? []
  const words = OPERATORS[operator]
  if (words === undefined) return accepted(name)
  const isDate = /^date/.test(String(format)) || /date|time/i.test(base)
  const word = isDate ? words.date : words.other
  return `${accepted(base).slice(0, MAX_NAME - word.length - 1)}_${word}`
}

function accepted(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9_.-]+/g, '_').slice(0, MAX_NAME)
  const trimmed = plain === name ? plain : plain.replaceAll(/^_+|_+$/g, '')
  return trimmed === '' || trimmed === '__proto__' ? 'value' : trimmed
}

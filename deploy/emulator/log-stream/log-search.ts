/** Returns whether an event matches a query of the log search. */
export type LogQuery = (event: Readonly<Record<string, unknown>>) => boolean

const TOKEN = /\s*(\(|\)|\[[^\]]*\]|\{[^}]*\}|"(?:[^"\\]|\\.)*"|[^\s()":]+:?)/y
const OPERATORS: ReadonlySet<string> = new Set(['AND', 'OR', 'NOT'])

/**
 * Parses the part of Lucene's query syntax that Auth0 supports: `field:term`, `field:"phrase"`,
 * `field:(a OR b)`, `field:[from TO to]`, a trailing `*`, AND, OR, NOT and parentheses. Adjacent terms
 * must both match. Matching is case-sensitive.
 *
 * @throws Error for any other syntax.
 */
export function parseLogQuery(text: string): LogQuery {
  const tokens = tokenize(text)
  let at = 0
  const take = () => tokens[at++] ?? fail('is incomplete')

  const any = (field?: string): LogQuery => {
    const parts = [all(field)]
    while (tokens[at] === 'OR') {
      at += 1
      parts.push(all(field))
    }
    return (event) => parts.some((holds) => holds(event))
  }
  const all = (field?: string): LogQuery => {
    const parts = [one(field)]
    while (at < tokens.length && tokens[at] !== 'OR' && tokens[at] !== ')') {
      if (tokens[at] === 'AND') at += 1
      parts.push(one(field))
    }
    return (event) => parts.every((holds) => holds(event))
  }
  const one = (field?: string): LogQuery => {
    const token = take()
    if (token === 'NOT') {
      const inner = one(field)
      return (event) => !inner(event)
    }
    if (token === '(') {
      const inner = any(field)
      if (take() !== ')') fail('has an unclosed parenthesis')
      return inner
    }
    if (token.endsWith(':') && field === undefined) return one(token.slice(0, -1))
    if (token === ')' || OPERATORS.has(token)) fail(`has ${token} instead of a term`)
    return matches(field, token)
  }

  const query = any()
  if (at < tokens.length) fail(`has an unexpected ${tokens[at]}`)
  return query
}

function tokenize(text: string): string[] {
  const tokens: string[] = []
  const pattern = new RegExp(TOKEN)
  while (pattern.lastIndex < text.trimEnd().length) {
    const token = pattern.exec(text)?.[1]
    if (token === undefined) fail('has invalid syntax')
    tokens.push(token)
  }
  return tokens
}

/** Returns the test of a term. Without a field, it searches all fields. */
function matches(field: string | undefined, term: string): LogQuery {
  const holds = valueTest(term)
  if (field === undefined) return (event) => Object.values(event).some(holds)
  if (field === '_exists_') return (event) => event[term] !== undefined
  return (event) => holds(event[field])
}

function valueTest(term: string): (value: unknown) => boolean {
  const range = /^[[{](\S+) TO (\S+)[\]}]$/.exec(term)
  if (range !== null) {
    const [, from = '*', to = '*'] = range
    // A day as the upper bound includes the whole day.
    return (value) =>
      typeof value === 'string' &&
      (from === '*' || value >= from) &&
      (to === '*' || value.slice(0, to.length) <= to)
  }
  if (term.startsWith('"')) {
    const phrase = term.slice(1, -1).replaceAll(/\\(.)/g, '$1')
    return (value) => typeof value === 'string' && value.includes(phrase)
  }
  if (term.endsWith('*')) {
    return (value) => typeof value === 'string' && value.startsWith(term.slice(0, -1))
  }
  return (value) => value === term
}

function fail(fault: string): never {
  throw new Error(`The query ${fault}`)
}

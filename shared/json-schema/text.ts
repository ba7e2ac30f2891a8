const MAX_CHARACTERS = 200
const MAX_VALUES = 20

const MAX_NAME_CHARACTERS = 64

/** Truncates a name of the arguments to 64 characters for a message. */
export function shortName(name: string): string {
  return name.length > MAX_NAME_CHARACTERS ? `${name.slice(0, MAX_NAME_CHARACTERS)}...` : name
}

/** Returns a constant of a schema for a message. */
export function constantText(value: unknown): string {
  return shortened(JSON.stringify(value))
}

/** Returns the values of an `enum` for a message; only the first ones if there are many. */
export function enumText(allowed: readonly unknown[]): string {
  const texts: string[] = []
  let left = MAX_CHARACTERS
  for (const value of allowed.slice(0, MAX_VALUES)) {
    const text = shortened(typeof value === 'string' ? value : JSON.stringify(value))
    left -= text.length
    if (left < 0 && texts.length > 0) break
    texts.push(text)
  }
  const more = allowed.length - texts.length
  return `${texts.join(', ')}${more > 0 ? `, and ${more} more` : ''}`
}

function shortened(text: string): string {
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}...` : text
}

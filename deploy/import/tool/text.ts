const REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  [/\r\n?/g, '\n'],
  [/<!--[\s\S]{0,5000}?-->/g, ''],
  [/<br\s*\/?>|<\/(?:p|li|div|h\d)>/gi, '\n'],
  [/<\/?[a-z][a-z0-9]{0,15}(?:\s[^<>]{0,500})?\/?>/gi, ''],
  // Removes images and keeps only the text of links.
  [/!\[[^\]\n]{0,300}\]\([^)\n]{0,1000}\)/g, ''],
  [/\[([^\]\n]{1,300})\]\([^)\n]{0,1000}\)/g, '$1'],
  [/^[ \t]{0,3}#{1,6}[ \t]+/gm, ''],
  [/^[ \t]*(?:-{3,}|\*{3,}|_{3,}|={3,})[ \t]*$/gm, ''],
  [/^[ \t]{0,3}>[ \t]?(?:\[![A-Z]+\][ \t]*)?/gm, ''],
  [/\*\*([^*\n]{1,500})\*\*/g, '$1'],
  [/&nbsp;/g, ' '],
  [/&lt;/g, '<'],
  [/&gt;/g, '>'],
  [/&quot;/g, '"'],
  [/&#39;|&apos;/g, "'"],
  [/&amp;/g, '&'],
  [/[ \t]+$/gm, ''],
  [/\n{3,}/g, '\n\n'],
]
const MAX_READ = 20_000

/** Converts Markdown to plain text, without markup, images, link targets and headings. */
export function asText(markdown: unknown): string {
  const text = typeof markdown === 'string' ? markdown.slice(0, MAX_READ) : ''
  return REPLACEMENTS.reduce((one, [from, to]) => one.replace(from, to), text).trim()
}

/** Shortens a text to `max` characters after a sentence, or after a word with `…`. */
export function shorten(text: string, max: number): string {
  const characters = [...text.slice(0, 2 * max + 2)]
  if (characters.length <= max) return text
  const head = characters.slice(0, max - 1).join('')
  const sentence = Math.max(head.lastIndexOf('. '), head.lastIndexOf('.\n'))
  if (sentence > head.length / 2) return head.slice(0, sentence + 1)
  const word = Math.max(head.lastIndexOf(' '), head.lastIndexOf('\n'))
  return `${(word > head.length / 2 ? head.slice(0, word) : head).trimEnd()}…`
}

/** Returns the first line of a text. */
export function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}

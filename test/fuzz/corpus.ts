import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'

const DIRECTORY = new URL('corpus/', import.meta.url)

/**
 * Returns the texts that every run checks: edge cases of the format, and texts on which the target has
 * failed before. Each line of the file is a JSON string.
 */
export function readCorpus(target: string): string[] {
  const file = fileOf(target)
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as string)
}

/** Adds a text to the corpus of the target unless it is already there. */
export function addToCorpus(target: string, text: string): void {
  const texts = readCorpus(target)
  if (texts.includes(text)) return
  mkdirSync(DIRECTORY, { recursive: true })
  const lines = [...texts, text].map((one) =>
    JSON.stringify(one).replace(/[^\x20-\x7e]/g, escapeUnit),
  )
  writeFileSync(fileOf(target), `${lines.join('\n')}\n`)
}

/** Keeps the file ASCII, so that editors do not change its content. */
function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function fileOf(target: string): URL {
  return new URL(`${target}.jsonl`, DIRECTORY)
}

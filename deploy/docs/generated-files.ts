import { readFileSync } from 'node:fs'
import { ROOT } from '../build/functions.ts'
import { scopeTable } from './render-scopes.ts'
import { sampleFile, variableTable } from './render-variables.ts'

const BEGIN = '<!-- npm run docs: begin -->'
const END = '<!-- npm run docs: end -->'

/**
 * Returns the generated files by their path in the repository. In Markdown documents only the part between
 * the markers is generated.
 */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['.env.yaml.sample', sampleFile()],
    ['docs/auth0.md', withPart('docs/auth0.md', scopeTable())],
    ['docs/variables.md', withPart('docs/variables.md', variableTable())],
  ])
}

function withPart(path: string, part: string): string {
  const text = readFileSync(`${ROOT}${path}`, 'utf8')
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`${path} must have ${BEGIN} and ${END}`)
  return `${text.slice(0, begin)}${BEGIN}\n${part}\n${text.slice(end)}`
}

import { type Built, buildFunction } from './build.ts'
import { functionNames, ROOT } from './functions.ts'

const MAX_PARTS = 8

const known = functionNames()
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  process.stderr.write(`No such function: ${unknown.join(', ')}. There are: ${known.join(', ')}\n`)
  process.exit(2)
}
for (const name of asked.length > 0 ? asked : known) {
  process.stdout.write(describe(await buildFunction(name, `${ROOT}dist`)))
}

function describe({ name, bytes, weights }: Built): string {
  const rest = weights.slice(MAX_PARTS).reduce((sum, part) => sum + part.bytes, 0)
  const parts = [
    ...weights.slice(0, MAX_PARTS),
    ...(rest > 0 ? [{ name: 'all else', bytes: rest, lazy: false }] : []),
  ]
  return `dist/${name}  ${kilobytes(bytes)}\n${parts.map(line).join('')}`
}

function line({ name, bytes, lazy }: Built['weights'][number]): string {
  return `  ${kilobytes(bytes).padStart(9)}  ${name}${lazy ? '  (loaded when first used)' : ''}\n`
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`
}

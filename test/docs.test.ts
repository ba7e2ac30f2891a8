import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { functionNames } from '../deploy/build/functions.ts'
import { loadParser } from '../deploy/gcp/targets.ts'
import { type Environment, variables } from '../shared/config.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const read = (name: string) => readFileSync(`${ROOT}${name}`, 'utf8')
const readme = read('README.md')
const { scripts, dependencies } = JSON.parse(read('package.json')) as Record<
  'scripts' | 'dependencies',
  Readonly<Record<string, string>>
>

describe('README', () => {
  test('names every variable that the functions read', () => {
    const missing = Object.keys(variables).filter((name) => !readme.includes(`\`${name}\``))
    expect(missing).toEqual([])
  })

  test('says of every variable which functions read it', async () => {
    const readers = await readersOfVariables()
    const rows = readme.split('\n').flatMap((line) => {
      const [, names = '', usedBy = ''] = line.split('|')
      const known = [...names.matchAll(/`([A-Z_]+)`/g)].map(([, name = '']) => name)
      return known.filter((name) => name in variables).map((name) => [name, usedBy.trim()] as const)
    })
    const said = rows.map(([name, usedBy]) => {
      const functions = usedBy === 'all' ? functionNames() : usedBy.split(', ')
      return [name, [...functions].sort()] as const
    })
    expect(Object.fromEntries(said)).toEqual(readers)
  })

  test('names only findings that doctor has', () => {
    const table = readme.slice(readme.indexOf('| you see |'), readme.indexOf('## Deploy'))
    const named = [...table.matchAll(/`([a-z]+_[a-z_]*)\*?`/g)].map(([, id = '']) => id)
    const directory = `${ROOT}deploy/auth0/doctor`
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    const code = files
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(`${directory}/${file}`, 'utf8'))
    const isFinding = (id: string) => code.some((text) => text.includes(`'${id}`))
    expect(named.length).toBeGreaterThan(15)
    expect(named.filter((id) => !isFinding(id))).toEqual([])
  })

  test('names only commands that there are', () => {
    const named = [...readme.matchAll(/npm run ([a-z]+(?:[-:][a-z]+)*)/g)].map(
      ([, script = '']) => script,
    )
    expect(named.filter((script) => !(script in scripts))).toEqual([])
  })

  test('says of every dependency why it is there', () => {
    const missing = Object.keys(dependencies).filter((name) => !readme.includes(`\`${name}\``))
    expect(missing).toEqual([])
  })
})

const DOCUMENTS = readdirSync(`${ROOT}docs`)
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`)

test.each(DOCUMENTS)('%s names only commands that there are, and README links it', (document) => {
  const named = [...read(document).matchAll(/npm run (?:-s )?([a-z]+)/g)].map(
    ([, name = '']) => name,
  )
  expect(named.filter((script) => !(script in scripts))).toEqual([])
  expect(readme).toContain(`(${document})`)
})

test('the costs are what quantity times price comes to', () => {
  const sums = [...read('docs/costs.md').matchAll(/([\d.,]+) [\w -]+ × \$([\d.]+) = \$([\d.]+)/g)]
  expect(sums.length).toBeGreaterThan(12)
  for (const [sum, quantity = '', price, cost] of sums) {
    const product = Number(quantity.replaceAll(',', '')) * Number(price)
    expect(Math.abs(product - Number(cost)), sum).toBeLessThan(0.0051)
  }
})

test('operations.md names every metric and counts the files', () => {
  const files = (directory: string) => readdirSync(`${ROOT}deploy/monitoring/${directory}`)
  const operations = read('docs/operations.md')
  for (const file of files('metrics')) expect(operations).toContain(`| \`${file.slice(0, -5)}\` |`)
  expect(operations).toContain(`${files('metrics').length} log-based metrics`)
  expect(operations).toContain(`${files('alerts').length} alert policies`)
})

const NAMING = ['README.md', 'SECURITY.md', 'docs/operations.md', 'docs/costs.md']
test.each(NAMING)('%s names only files that there are', (document) => {
  const named = [...read(document).matchAll(/`((?:test|deploy|shared|functions)\/[\w./-]+)`/g)]
  expect(named.length).toBeGreaterThan(0)
  expect(
    named.map(([, path = '']) => path).filter((path) => !existsSync(`${ROOT}${path}`)),
  ).toEqual([])
})

test('every dependency is exact', () => {
  for (const version of Object.values(dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/)
})

/** The functions whose parsers ask for each variable, sorted. */
async function readersOfVariables(): Promise<Record<string, string[]>> {
  const readers = new Map<string, string[]>(Object.keys(variables).map((name) => [name, []]))
  for (const name of functionNames()) {
    const asked = new Set<string | symbol>()
    const parse = await loadParser(name)
    const recording = new Proxy<Environment>({}, { get: (_, variable) => void asked.add(variable) })
    // Whatever it makes of an empty environment, it has asked for all that it reads.
    expect(() => parse(recording)).toThrow()
    for (const [variable, names] of readers) if (asked.has(variable)) names.push(name)
  }
  return Object.fromEntries([...readers].map(([variable, names]) => [variable, names.sort()]))
}

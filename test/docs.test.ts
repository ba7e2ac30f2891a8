import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { functionNames } from '../deploy/build/functions.ts'
import { STEPS } from '../deploy/connect/step.ts'
import { FAULTS } from '../deploy/diagnostics/faults/faults.ts'
import { generatedFiles } from '../deploy/docs/generated-files.ts'
import { functionConfig } from '../deploy/function-configs.ts'
import { variables } from '../shared/config/variables.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const read = (name: string) => readFileSync(`${ROOT}${name}`, 'utf8')
const { scripts, dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
  'scripts' | 'dependencies' | 'devDependencies',
  Readonly<Record<string, string>>
>

const IN_DOCS = readdirSync(`${ROOT}docs`)
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`)
const AT_ROOT = readdirSync(ROOT).filter((name) => name.endsWith('.md'))
const DOCUMENTS = [...AT_ROOT, ...IN_DOCS]
const DECISIONS = readdirSync(`${ROOT}docs/decisions`).map((name) => `docs/decisions/${name}`)

test('README has at most 150 lines and links every other document', () => {
  const readme = read('README.md')
  expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150)
  const others = DOCUMENTS.filter((name) => name !== 'README.md')
  expect(others.filter((name) => !readme.includes(`(${name})`))).toEqual([])
})

test("README's sample output of npm run connect has every step", () => {
  const steps = [...read('README.md').matchAll(/^ok {3}([a-z-]+)/gm)].map(([, step = '']) => step)
  expect(steps).toEqual(STEPS)
})

test.each([...generatedFiles()])('%s is up to date with npm run docs', (path, text) => {
  expect(read(path)).toBe(text)
})

describe('variables.md', () => {
  const document = read('docs/variables.md')

  test('names every variable that the functions read', () => {
    const missing = Object.keys(variables).filter((name) => !document.includes(`\`${name}\``))
    expect(missing).toEqual([])
  })

  test('lists the functions that read each variable', () => {
    const readers = readersOfVariables()
    const rows = document.split('\n').flatMap((line) => {
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
})

test('troubleshooting.md names only existing findings of doctor', () => {
  const document = read('docs/troubleshooting.md')
  const table = document.slice(document.indexOf('| you see |'))
  const named = [...table.matchAll(/`([a-z]+_[a-z_]*)\*?`/g)].map(([, id = '']) => id)
  const isFinding = (id: string) => Object.keys(FAULTS).some((one) => one.startsWith(id))
  expect(named.length).toBeGreaterThan(15)
  expect(named.filter((id) => !isFinding(id))).toEqual([])
})

test('every decision is short and linked from a document', () => {
  const documents = IN_DOCS.map(read).join('\n')
  expect(
    DECISIONS.filter((path) => !documents.includes(`(${path.slice('docs/'.length)})`)),
  ).toEqual([])
  const short = DECISIONS.filter((path) => !path.endsWith('/performance.md'))
  expect(short.length).toBeGreaterThan(10)
  for (const path of short) {
    const [title = '', , status = '', ...text] = read(path).trimEnd().split('\n')
    expect([path, title]).toEqual([path, expect.stringMatching(/^# \S/)])
    expect([path, status]).toEqual([path, expect.stringMatching(/^Status: accepted, \w+ \d{4}\.$/)])
    expect(text.length).toBeLessThanOrEqual(10)
  }
})

test('dependencies.md lists exactly the dependencies', () => {
  const document = read('docs/dependencies.md')
  const names = Object.keys({ ...dependencies, ...devDependencies }).filter(
    (name) => !name.startsWith('@types/'),
  )
  expect(names.filter((name) => !document.includes(`\`${name}\``))).toEqual([])
  const named = [...document.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  )
  expect(named.filter((name) => !names.includes(name))).toEqual([])
})

test('operations.md lists exactly the log events of the code', () => {
  const table = read('docs/operations.md').split('## Log events')[1] ?? ''
  const documented = [...table.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, event = '']) => event)
  const code = [...sourcesIn(`${ROOT}functions`), ...sourcesIn(`${ROOT}shared`)]
  const written = code.flatMap((text) =>
    [
      ...text.matchAll(
        /\b(?:log\.(?:debug|info|warning|error|audit)|write)\(\s*(?:'([a-z_]+)'|`client_\$\{outcome\}`)/g,
      ),
    ].flatMap(([, event]) => event ?? admissionOutcomes().map((outcome) => `client_${outcome}`)),
  )
  expect(documented.toSorted()).toEqual([...new Set(written)].toSorted())
})

test.each([...DOCUMENTS, ...DECISIONS])('%s names only existing npm scripts', (document) => {
  const named = [...read(document).matchAll(/npm run (?:-s )?([a-z]+(?:[-:][a-z]+)*)/g)].map(
    ([, script = '']) => script,
  )
  expect(named.filter((script) => !(script in scripts))).toEqual([])
})

test.each([...DOCUMENTS, ...DECISIONS])(
  '%s links only to existing files and headings',
  (document) => {
    const links = [...read(document).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(
      ([, link = '']) => link,
    )
    const broken = links.filter((link) => {
      const [path = '', heading] = link.split('#')
      const target = path === '' ? document : join(dirname(document), path)
      if (!existsSync(`${ROOT}${target}`)) return true
      return heading !== undefined && !headingsOf(read(target)).includes(heading)
    })
    expect(broken).toEqual([])
  },
)

test('the costs equal quantity times price', () => {
  const sums = [...read('docs/costs.md').matchAll(/([\d.,]+) [\w -]+ × \$([\d.]+) = \$([\d.]+)/g)]
  expect(sums.length).toBeGreaterThan(12)
  for (const [sum, quantity = '', price, cost] of sums) {
    const product = Number(quantity.replaceAll(',', '')) * Number(price)
    expect(Math.abs(product - Number(cost)), sum).toBeLessThan(0.0051)
  }
})

test('operations.md names every metric and the numbers of metrics and alerts', () => {
  const files = (directory: string) => readdirSync(`${ROOT}deploy/monitoring/${directory}`)
  const operations = read('docs/operations.md')
  for (const file of files('metrics')) expect(operations).toContain(`| \`${file.slice(0, -5)}\` |`)
  expect(operations).toContain(`${files('metrics').length} log-based metrics`)
  expect(operations).toContain(`${files('alerts').length} alert policies`)
})

test.each([...DOCUMENTS, ...DECISIONS])('%s names only existing files', (document) => {
  const named = [...read(document).matchAll(/`((?:test|deploy|shared|functions|docs)\/[\w./-]+)`/g)]
  expect(
    named.map(([, path = '']) => path).filter((path) => !existsSync(`${ROOT}${path}`)),
  ).toEqual([])
})

test('every dependency has an exact version', () => {
  for (const version of Object.values(dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/)
})

/** The functions that declare each variable, sorted. */
function readersOfVariables(): Record<string, string[]> {
  const readers = Object.keys(variables).map((variable) => [
    variable,
    functionNames().filter((name) => functionConfig(name).variables.includes(variable)),
  ])
  return Object.fromEntries(readers)
}

/** The texts of all TypeScript files in a directory. */
function sourcesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(`${directory}/${file}`, 'utf8'))
}

/** The outcomes of an admission, which are the suffixes of the events `client_…`. */
function admissionOutcomes(): string[] {
  const [, union = ''] = /readonly outcome: (.*)/.exec(read('shared/auth0/admission.ts')) ?? []
  return [...union.matchAll(/'([a-z_]+)'/g)].map(([, outcome = '']) => outcome)
}

/** The fragments that GitHub generates for the headings of a document. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

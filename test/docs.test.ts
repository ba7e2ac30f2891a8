import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { variables } from '../shared/config.ts'

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

  test('names only commands that there are', () => {
    const named = [...readme.matchAll(/npm run ([a-z]+)/g)].map(([, script = '']) => script)
    expect(named.filter((script) => !(script in scripts))).toEqual([])
  })

  test('says of every dependency why it is there', () => {
    const missing = Object.keys(dependencies).filter((name) => !readme.includes(`\`${name}\``))
    expect(missing).toEqual([])
  })
})

test.each(['README.md', 'SECURITY.md'])('%s names only files that there are', (document) => {
  const named = [...read(document).matchAll(/`((?:test|deploy|shared|functions)\/[\w./-]+)`/g)]
  expect(named.length).toBeGreaterThan(0)
  expect(
    named.map(([, path = '']) => path).filter((path) => !existsSync(`${ROOT}${path}`)),
  ).toEqual([])
})

test('every dependency is exact', () => {
  for (const version of Object.values(dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/)
})

import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { functionNames, ROOT } from '../../deploy/build/functions.ts'
import { dependencyTree, type Lock } from '../../deploy/build/manifest.ts'
import { type BuiltFunctions, buildAll } from '../support/build.ts'

const names = functionNames()
let built: BuiltFunctions
let again: BuiltFunctions

beforeAll(async () => {
  built = await buildAll()
  again = await buildAll()
})
afterAll(() => Promise.all([built, again].map((one) => one?.[Symbol.asyncDispose]())))

const read = (name: string, file: string) =>
  readFileSync(`${built.directory}/${name}/${file}`, 'utf8')
const weightsOf = (name: string) => built.functions.get(name)?.weights ?? []

test('every directory of functions/ is built', () => {
  const directories = readdirSync(new URL('../../functions', import.meta.url))
  expect(names).toEqual(directories.sort())
  expect(names).toEqual(expect.arrayContaining(['gateway', 'log-webhook', 'metadata']))
})

describe.each(names)('dist/%s', (name) => {
  test('is one module and what it loads later, with its package.json, and small', () => {
    const files = readdirSync(`${built.directory}/${name}`)
    const modules = files.filter((file) => file.endsWith('.js'))
    expect(modules.filter((file) => !file.startsWith('part-'))).toEqual(['index.js'])
    expect(files).toEqual(expect.arrayContaining(['package-lock.json', 'LICENCES.txt']))
    expect(JSON.parse(read(name, 'package.json'))).toEqual({
      name,
      version: expect.any(String),
      private: true,
      type: 'module',
      main: 'index.js',
      engines: { node: '24.x' },
      dependencies: { '@google-cloud/functions-framework': '5.0.5' },
    })
    expect(read(name, '.gcloudignore')).toBe('node_modules/\n')
    expect(built.functions.get(name)?.bytes).toBeLessThan(3_000_000)
  })

  test('imports nothing but Node and functions-framework', async () => {
    const { metafile } = await build({
      entryPoints: [`${built.directory}/${name}/index.js`],
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      metafile: true,
      write: false,
    })
    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
    const packages = imports.map(({ path }) => path).filter((path) => !isBuiltin(path))
    expect(new Set(packages)).toEqual(new Set(['@google-cloud/functions-framework']))
  })

  test('holds what it imports, with the licences of it', () => {
    const packages = weightsOf(name).map((part) => part.name)
    const bundled = packages.filter((part) => !part.endsWith('/'))
    expect(bundled).toContain('zod')
    for (const part of bundled) expect(read(name, 'LICENCES.txt')).toContain(`== ${part} `)
  })

  test('npm ci takes the lockfile, without asking anybody', async () => {
    const args = ['ci', '--dry-run', '--offline', '--no-audit', '--no-fund']
    await promisify(execFile)('npm', args, { cwd: `${built.directory}/${name}` })
  })

  test('has the same bytes when it is built again, wherever the repository lies', () => {
    for (const file of readdirSync(`${built.directory}/${name}`)) {
      expect(read(name, file)).not.toContain(ROOT)
      expect(readFileSync(`${again.directory}/${name}/${file}`, 'utf8')).toBe(read(name, file))
    }
  })
})

describe('the heavy package auth0', () => {
  test('is not where nobody calls the Management API', () => {
    for (const name of ['gateway', 'metadata']) {
      expect(weightsOf(name).map((part) => part.name)).not.toContain('auth0')
      const atStart = weightsOf(name).filter(({ lazy }) => !lazy)
      expect(atStart.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(1_000_000)
    }
  })

  test('is evaluated only when it is first used', () => {
    const parts = weightsOf('log-webhook').filter((part) => part.name === 'auth0')
    expect(parts.map(({ lazy }) => lazy)).toEqual([true])
  })
})

describe('the lockfile of a function', () => {
  const lock: Lock = {
    packages: {
      '': { dependencies: { root: '1', a: '1' } },
      'node_modules/a': { version: '1.0.0', dependencies: { b: '1', '@s/c': '2' } },
      'node_modules/a/node_modules/b': { version: '1.0.0', dependencies: { d: '1' } },
      'node_modules/b': { version: '2.0.0' },
      'node_modules/@s/c': { version: '2.0.0', optionalDependencies: { missing: '1' } },
      'node_modules/@s/c/node_modules/d': { version: '9.0.0' },
      'node_modules/d': { version: '1.0.0', dependencies: { a: '1' } },
      'node_modules/root': { version: '1.0.0' },
    },
  }

  test('has each package from where Node would take it, and no other', () => {
    expect(Object.keys(dependencyTree(lock, 'a'))).toEqual([
      'node_modules/@s/c',
      'node_modules/a',
      'node_modules/a/node_modules/b',
      'node_modules/d',
    ])
  })

  test('cannot be made when a package is missing', () => {
    const { 'node_modules/d': _, ...packages } = lock.packages
    expect(() => dependencyTree({ packages }, 'a')).toThrow(
      'package-lock.json has no d for node_modules/a/node_modules/b',
    )
  })
})

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build, type Plugin } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { functionNames, ROOT } from '../../deploy/build/functions.ts'
import { dependencyTree, type Lock } from '../../deploy/build/manifest.ts'
import { WRAPPER } from '../../deploy/build/runtime/loader.ts'
import { type BuildIo, buildCommand } from '../../deploy/commands/build.ts'
import { digestOf } from '../../deploy/gcp/source/digest.ts'
import { runCommand } from '../../deploy/kit/run-command.ts'
import type { Environment } from '../../shared/config.ts'
import { parseCatalogue } from '../../shared/tools.ts'
import { type BuiltFunctions, buildAll } from '../support/build.ts'

const names = functionNames()
const LOADER = new URL('../../deploy/build/runtime/loader.ts', import.meta.url).href
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

test('functionNames lists every directory of functions/', () => {
  const directories = readdirSync(new URL('../../functions', import.meta.url))
  expect(names).toEqual(directories.sort())
  expect(names).toEqual(expect.arrayContaining(['gateway', 'log-webhook', 'metadata']))
})

/** Removes what the loader needs around a bundle, whose `require` would not count as an import. */
const unwrapped: Plugin = {
  name: 'unwrapped',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.cjs$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
      const isWrapped = text.startsWith(WRAPPER.head)
      const end = text.lastIndexOf(WRAPPER.tail)
      return { contents: isWrapped ? text.slice(WRAPPER.head.length, end) : text, loader: 'js' }
    })
  },
}

describe.each(names)('dist/%s', (name) => {
  test('contains one bundle, its lazy parts and its package.json, and is below 3 MB', () => {
    const files = readdirSync(`${built.directory}/${name}`)
    const modules = files.filter((file) => /\.c?js$/.test(file) && !file.startsWith('part-'))
    expect(modules).toEqual(['index.cjs', 'index.js', 'main.cjs', 'make-code-cache.cjs'])
    expect(files).toEqual(expect.arrayContaining(['package-lock.json', 'LICENCES.txt']))
    expect(JSON.parse(read(name, 'package.json'))).toEqual({
      name,
      version: expect.any(String),
      private: true,
      type: 'module',
      main: 'index.cjs',
      scripts: { 'gcp-build': 'node make-code-cache.cjs || true' },
      engines: { node: '24.x' },
      dependencies: { '@google-cloud/functions-framework': '5.0.5' },
    })
    expect(read(name, '.gcloudignore')).toBe('node_modules/\ncode-cache/\n')
    expect(built.functions.get(name)?.bytes).toBeLessThan(3_000_000)
  })

  test('imports only Node.js modules and functions-framework, in ASCII', async () => {
    const files = readdirSync(`${built.directory}/${name}`).filter((file) => /\.c?js$/.test(file))
    const { metafile } = await build({
      entryPoints: files.map((file) => ({ in: `${built.directory}/${name}/${file}`, out: file })),
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'cjs',
      metafile: true,
      write: false,
      outdir: 'unused',
      plugins: [unwrapped],
    })
    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
    const packages = imports.map(({ path }) => path).filter((path) => !isBuiltin(path))
    expect(new Set(packages)).toEqual(new Set(['@google-cloud/functions-framework']))
    for (const file of files)
      expect(Buffer.byteLength(read(name, file))).toBe(read(name, file).length)
  })

  test('contains its imports and their licences', () => {
    const packages = weightsOf(name).map((part) => part.name)
    const bundled = packages.filter((part) => !part.endsWith('/'))
    expect(bundled).toContain('zod')
    for (const part of bundled) expect(read(name, 'LICENCES.txt')).toContain(`== ${part} `)
  })

  test('has a bill of materials of its bundled and installed packages', () => {
    interface Component {
      readonly name: string
      readonly version: string
      readonly purl: string
      readonly hashes: readonly object[]
      readonly properties: readonly { readonly value: string }[]
    }
    const bom = JSON.parse(read(name, 'bom.json')) as {
      readonly components: readonly Component[]
    }
    expect(bom).toMatchObject({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      metadata: { component: { type: 'application', name } },
    })
    expect(bom).not.toHaveProperty('serialNumber')
    const of = (included: string) =>
      bom.components.filter(({ properties }) => properties[0]?.value === included)
    for (const { name: part, version } of of('bundled')) {
      expect(read(name, 'LICENCES.txt')).toContain(`== ${part} ${version} (`)
    }
    const parts = weightsOf(name).map((part) => part.name)
    const bundled = parts.filter((part) => !part.endsWith('/') && part !== 'web-streams-polyfill')
    const listed = new Set(of('bundled').map((one) => one.name))
    expect(listed).toEqual(new Set(bundled))
    const lock = JSON.parse(read(name, 'package-lock.json')) as Lock
    const places = Object.keys(lock.packages).filter((place) => place !== '')
    const all = new Set(bom.components.map((one) => one.name))
    for (const place of places) expect(all).toContain(place.replace(/^.*node_modules\//, ''))
    for (const { purl, hashes } of bom.components) {
      expect(purl).toMatch(/^pkg:npm\/(?:%40[^/]+\/)?[^/@]+@\d/)
      expect(hashes).toHaveLength(1)
    }
    expect(all).not.toContain('esbuild')
  })

  test('has a lockfile that npm ci accepts offline', async () => {
    const args = ['ci', '--dry-run', '--offline', '--no-audit', '--no-fund']
    await promisify(execFile)('npm', args, { cwd: `${built.directory}/${name}` })
  })

  test('is built reproducibly and without the path of the repository', () => {
    for (const file of readdirSync(`${built.directory}/${name}`)) {
      expect(read(name, file)).not.toContain(ROOT)
      expect(readFileSync(`${again.directory}/${name}/${file}`, 'utf8')).toBe(read(name, file))
    }
  })
})

describe.each(names)('the code cache of %s', (name) => {
  let directory: string
  beforeAll(async () => {
    directory = `${again.directory}/${name}`
    const options = { cwd: directory, env: {} }
    const made = await promisify(execFile)(process.execPath, ['make-code-cache.cjs'], options)
    expect(made).toEqual({ stdout: '', stderr: '' })
  })

  /** Loads the function without its variables and returns what ends the process. */
  const loadIn = async (place: string) => {
    const program = `
      const { createLoader } = await import(${JSON.stringify(LOADER)})
      const { load, isCached } = createLoader(${JSON.stringify(place)})
      process.on('exit', () => console.log('cached:', isCached('main.cjs')))
      load('main.cjs')`
    const args = ['--input-type=module', '--eval', program]
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: {} }).catch(
      (error: { readonly stdout: string }) => error,
    )
    return stdout
  }

  test('is made without variables, and V8 uses it', async () => {
    const ended = await loadIn(directory)
    expect(ended).toContain('configuration_refused')
    expect(ended).toContain('cached: true')
  })

  test('is made without the variables of the build, and calls only its own process', async () => {
    const calls: string[] = []
    const outside = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', (data) => calls.push(data.toString()))
    })
    await once(outside.listen(0, '127.0.0.1'), 'listening')
    const { port } = outside.address() as AddressInfo
    const url = `http://127.0.0.1:${port}`
    const env = {
      ...{ NODE_USE_ENV_PROXY: '1', HTTP_PROXY: url, HTTPS_PROXY: url },
      ...{ BACKEND_AUTH: 'google', GCE_METADATA_HOST: `127.0.0.1:${port}` },
      ...{ RATE_LIMIT_PER_MINUTE: '60', REDIS_URL: `redis://127.0.0.1:${port}` },
      ...{ JWKS_URI: `${url}/jwks.json`, GATEWAY_SIGNING_KEY: 'no key', TOOLS_FILE: 'none' },
    }
    rmSync(`${directory}/code-cache`, { recursive: true })
    try {
      const made = await promisify(execFile)(process.execPath, ['make-code-cache.cjs'], {
        cwd: directory,
        env,
      })
      expect(made).toEqual({ stdout: '', stderr: '' })
    } finally {
      outside.close()
    }
    expect(calls).toEqual([])
    expect(await loadIn(directory)).toContain('cached: true')
  })

  test('does not change the digest by which deploy recognizes a function', () => {
    expect(digestOf(directory)).toBe(digestOf(`${built.directory}/${name}`))
  })

  test('is not used if it is damaged, or for another bundle', async () => {
    const path = `${directory}/code-cache/main.cjs`
    const cache = readFileSync(path)
    for (const damaged of [
      cache.subarray(0, -1),
      cache.subarray(0, 3),
      Buffer.from(cache).fill(0, 999, 1_999),
    ]) {
      writeFileSync(path, damaged)
      expect(await loadIn(directory)).toContain('cached: undefined')
    }
    writeFileSync(path, cache)
    expect(await loadIn(directory)).toContain('cached: true')
    const bundle = read(name, 'main.cjs')
    try {
      writeFileSync(`${directory}/main.cjs`, bundle.replace('use strict', 'use_strict'))
      expect(await loadIn(directory)).toContain('cached: undefined')
    } finally {
      writeFileSync(`${directory}/main.cjs`, bundle)
    }
  })
})

describe('the large package auth0', () => {
  test('is not in functions that do not call the Management API', () => {
    for (const name of ['gateway', 'metadata']) {
      expect(weightsOf(name).map((part) => part.name)).not.toContain('auth0')
      const atStart = weightsOf(name).filter(({ lazy }) => !lazy)
      expect(atStart.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(1_000_000)
    }
  })

  test('is loaded lazily in log-webhook', () => {
    const parts = weightsOf('log-webhook').filter((part) => part.name === 'auth0')
    expect(parts.map(({ lazy }) => lazy)).toEqual([true])
  })
})

describe('npm run build', () => {
  let dist: string
  beforeAll(() => {
    dist = mkdtempSync(join(tmpdir(), 'dist-'))
  })
  afterAll(() => rmSync(dist, { recursive: true }))

  async function run(asked: readonly string[], env: Environment) {
    let stdout = ''
    let stderr = ''
    const code = await runCommand<BuildIo>(buildCommand, {
      args: asked,
      env,
      dist,
      write: (text) => {
        stdout += text
      },
      writeError: (text) => {
        stderr += text
      },
    })
    return { code, stdout, stderr }
  }

  test('writes the catalogue from TOOLS into the function and removes it without TOOLS', async () => {
    const tools = { listEvents: { description: 'Events.', scopes: ['events:read'] } }
    const file = `${dist}/metadata/catalogue.json`

    const given = await run(['metadata'], { TOOLS: JSON.stringify(tools) })
    expect(given).toMatchObject({ code: 0, stderr: '' })
    expect(given.stdout).toContain('  catalogue.json: 1 tool, ')
    expect([...parseCatalogue({ TOOLS_FILE: file }).values()]).toMatchObject([
      { name: 'listEvents', scopes: ['events:read'] },
    ])
    expect(readFileSync(file, 'utf8')).not.toContain('Events.')

    const without = await run(['metadata'], { TOOLS: ' ' })
    expect(without).toMatchObject({ code: 0, stderr: '' })
    expect(existsSync(file)).toBe(false)
  })

  test.each([
    [
      'an unknown function',
      ['nonsense'],
      {},
      2,
      'Unknown function: nonsense. Expected one of: gateway',
    ],
    ['an invalid catalogue', ['gateway'], { TOOLS: '{"a b":{"scopes":[]}}' }, 1, '  TOOLS: tool'],
  ])('fails for %s before it builds anything', async (_, asked, env, code, message) => {
    const refused = await run(asked, env)
    expect(refused).toMatchObject({ code, stdout: '' })
    expect(refused.stderr).toContain(message)
    expect(existsSync(`${dist}/gateway`)).toBe(false)
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

  test('contains only the packages that Node.js would resolve', () => {
    expect(Object.keys(dependencyTree(lock, 'a'))).toEqual([
      'node_modules/@s/c',
      'node_modules/a',
      'node_modules/a/node_modules/b',
      'node_modules/d',
    ])
  })

  test('cannot be created if a package is missing', () => {
    const { 'node_modules/d': _, ...packages } = lock.packages
    expect(() => dependencyTree({ packages }, 'a')).toThrow(
      'package-lock.json has no d for node_modules/a/node_modules/b',
    )
  })
})

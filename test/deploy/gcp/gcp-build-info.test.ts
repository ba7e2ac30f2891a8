import { mkdirSync, mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readCommit, writeBuildInfo } from '../../../deploy/gcp/source/build-info.ts'
import { digestOf } from '../../../deploy/gcp/source/digest.ts'
import manifest from '../../../package.json' with { type: 'json' }
import { readBuildInfo } from '../../../shared/build-info.ts'

test('the build information contains version, commit and time and does not change the digest', () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'build-'))
  writeFileSync(join(directory.path, 'index.js'), 'x')
  const before = digestOf(directory.path)
  writeBuildInfo(directory.path, '0123456789ab-dirty')

  expect(readBuildInfo(directory.path)).toEqual({
    version: manifest.version,
    commit: '0123456789ab-dirty',
    built: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  })
  expect(digestOf(directory.path)).toBe(before)
  expect(readFileSync(join(directory.path, 'build.json'), 'utf8')).not.toContain('undefined')
})

test.each(['node_modules/a', 'code-cache'])('the digest excludes %s', (path) => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'build-'))
  writeFileSync(join(directory.path, 'index.js'), 'x')
  const before = digestOf(directory.path)
  mkdirSync(join(directory.path, path), { recursive: true })
  writeFileSync(join(directory.path, path, 'main.cjs'), 'x')
  expect(digestOf(directory.path)).toBe(before)
})

test('the build information is empty if its file is missing or invalid', () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'build-'))
  expect(readBuildInfo(directory.path)).toEqual({})
  writeFileSync(join(directory.path, 'build.json'), '{"version":3}')
  expect(readBuildInfo(directory.path)).toEqual({})
})

test('readCommit returns undefined without git', async () => {
  const run = async () => ({ code: 127, stdout: '', stderr: 'spawn git ENOENT' })
  expect(await readCommit(run)).toBeUndefined()
})

import { mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readCommit, writeBuildInfo } from '../../../deploy/gcp/source/build-info.ts'
import { digestOf } from '../../../deploy/gcp/source/digest.ts'
import manifest from '../../../package.json' with { type: 'json' }
import { readBuildInfo } from '../../../shared/build-info.ts'

test('a deployed function can say its version, commit and time, and its digest stays the same', () => {
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

test('without the file, or with another, nothing is said', () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'build-'))
  expect(readBuildInfo(directory.path)).toEqual({})
  writeFileSync(join(directory.path, 'build.json'), '{"version":3}')
  expect(readBuildInfo(directory.path)).toEqual({})
})

test('without git there is no commit', async () => {
  const run = async () => ({ code: 127, stdout: '', stderr: 'spawn git ENOENT' })
  expect(await readCommit(run)).toBeUndefined()
})

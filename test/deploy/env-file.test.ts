import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { operatorEnvironment } from '../../deploy/env-file.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'env-file-'))
  writeFileSync(
    join(directory, '.env.yaml'),
    'PUBLIC_URL: "https://a.example"\nTOOLS: "{}"\nLOG_LEVEL: "info"\n',
  )
})
afterAll(() => rmSync(directory, { recursive: true }))

test.each([
  ['an empty value', {}, { PUBLIC_URL: 'https://a.example', TOOLS: '{}', LOG_LEVEL: 'info' }],
  [
    'a non-empty variable',
    { LOG_LEVEL: 'debug', PUBLIC_URL: ' ' },
    { PUBLIC_URL: 'https://a.example', TOOLS: '{}', LOG_LEVEL: 'debug' },
  ],
  [
    'a variable with another form of the catalogue',
    { TOOLS_FILE: 'tools.yaml', TOOLS: '' },
    { PUBLIC_URL: 'https://a.example', TOOLS_FILE: 'tools.yaml', LOG_LEVEL: 'info' },
  ],
])('operatorEnvironment merges the env file with %s in the environment', (_, env, expected) => {
  expect(operatorEnvironment(env, join(directory, '.env.yaml'))).toEqual(expected)
})

test('operatorEnvironment refuses an env file with keys inside keys', () => {
  const path = join(directory, 'keys.yaml')
  writeFileSync(path, `${'? '.repeat(600)}a\n`)
  expect(() => operatorEnvironment({}, path)).toThrow('must be a mapping of variable to value')
})

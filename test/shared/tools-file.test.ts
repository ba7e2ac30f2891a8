import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { locateToolsFile } from '../../shared/tools-file.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'function-'))
  writeFileSync(join(directory, 'catalogue.json'), '{}')
  writeFileSync(join(directory, 'package.json'), '{}')
  mkdirSync(join(directory, 'folder'))
  writeFileSync(join(directory, 'folder/tools.yaml'), '{}')
})
afterAll(() => rmSync(directory, { recursive: true }))

const located = (path: string) => locateToolsFile({ TOOLS_FILE: path, A: 'a' }, directory)

test.each(['catalogue.json', ' ./catalogue.json\n', 'folder/tools.yaml'])(
  'TOOLS_FILE %j is resolved to the directory of the function',
  (path) => {
    expect(located(path)).toEqual({ TOOLS_FILE: join(directory, path.trim()), A: 'a' })
  },
)

test.each([
  ['found from the working directory', 'package.json'],
  ['absolute', '/nowhere/catalogue.json'],
  ['missing', 'nowhere.json'],
  ['empty', ''],
])('TOOLS_FILE is not changed if it is %s', (_, path) => {
  expect(located(path)['TOOLS_FILE']).toBe(path)
})

test.each(['TOOLS', 'TOOL_SCOPES_JSON'])(
  '%s takes precedence over the catalogue in the deployed function',
  (name) => {
    const env = { TOOLS_FILE: 'catalogue.json', [name]: '{"a":["b"]}' }
    expect(locateToolsFile(env, directory)).toEqual({ [name]: '{"a":["b"]}' })
    const both = { ...env, TOOLS_FILE: 'tools.yaml' }
    expect(locateToolsFile(both, directory)).toEqual(both)
    const empty = { TOOLS_FILE: 'catalogue.json', [name]: ' ' }
    expect(locateToolsFile(empty, directory)).toMatchObject({
      TOOLS_FILE: join(directory, 'catalogue.json'),
    })
  },
)

test('an environment without TOOLS_FILE is not changed', () => {
  expect(locateToolsFile({}, directory)).toEqual({})
})

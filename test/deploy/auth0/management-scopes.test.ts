import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ROOT } from '../../../deploy/build/functions.ts'
import { MANAGEMENT_SCOPES } from '../../../deploy/emulator/management/scopes.ts'
import { SCOPES } from '../../../deploy/kit/management-scopes.ts'

const known = new Set<string>(Object.values(SCOPES))

/** The Management API scopes in the source files of a directory, each with its file name. */
function scopesWrittenIn(directory: string): string[] {
  const files = readdirSync(`${ROOT}${directory}`, { recursive: true, encoding: 'utf8' })
  // The Auth0 emulator has endpoints that this project never calls.
  const own = files.filter((file) => file.endsWith('.ts') && !/(tenant|emulator)\//.test(file))
  return own.flatMap((file) => {
    const text = readFileSync(`${ROOT}${directory}/${file}`, 'utf8')
    const scopes = text.matchAll(/'((?:read|create|update|delete):[a-z_]+)'/g)
    return [...scopes].map(([, scope]) => `${scope} in ${directory}/${file}`)
  })
}

test('every Management API scope in the code is in the SCOPES table', () => {
  const written = ['functions', 'shared', 'deploy'].flatMap(scopesWrittenIn)
  expect(written.length).toBeGreaterThan(40)
  expect(written.filter((one) => !known.has(one.split(' ')[0] ?? ''))).toEqual([])
})

test('the Auth0 emulator lists each scope of the table exactly once', () => {
  expect(MANAGEMENT_SCOPES).toEqual(expect.arrayContaining([...known]))
  expect(new Set(MANAGEMENT_SCOPES).size).toBe(MANAGEMENT_SCOPES.length)
})

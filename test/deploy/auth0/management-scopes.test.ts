import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ROOT } from '../../../deploy/build/functions.ts'
import { MANAGEMENT_SCOPES } from '../../../deploy/emulator/management/scopes.ts'
import { SCOPES } from '../../../deploy/kit/management-scopes.ts'

const known = new Set<string>(Object.values(SCOPES))

/** The Management scopes that the source files of a directory write out, each with its file. */
function scopesWrittenIn(directory: string): string[] {
  const files = readdirSync(`${ROOT}${directory}`, { recursive: true, encoding: 'utf8' })
  // The stand-in tenant has endpoints that nothing here calls.
  const own = files.filter((file) => file.endsWith('.ts') && !/(tenant|emulator)\//.test(file))
  return own.flatMap((file) => {
    const text = readFileSync(`${ROOT}${directory}/${file}`, 'utf8')
    const scopes = text.matchAll(/'((?:read|create|update|delete):[a-z_]+)'/g)
    return [...scopes].map(([, scope]) => `${scope} in ${directory}/${file}`)
  })
}

test('every Management scope that the code names is one of the table', () => {
  const written = ['functions', 'shared', 'deploy'].flatMap(scopesWrittenIn)
  expect(written.length).toBeGreaterThan(40)
  expect(written.filter((one) => !known.has(one.split(' ')[0] ?? ''))).toEqual([])
})

test('the stand-in tenant knows each scope once', () => {
  expect(MANAGEMENT_SCOPES).toEqual(expect.arrayContaining([...known]))
  expect(new Set(MANAGEMENT_SCOPES).size).toBe(MANAGEMENT_SCOPES.length)
})

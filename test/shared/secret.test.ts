import { expect, test } from 'vitest'
import { equalsSecret } from '../../shared/secret.ts'

const SECRET = 'k'.repeat(32)

test.each([
  [SECRET, true],
  ['', false],
  ['k', false],
  [SECRET.slice(1), false],
  [`${SECRET}k`, false],
  [`${SECRET} `, false],
  [`${SECRET}\0`, false],
  [`K${SECRET.slice(1)}`, false],
  [`${SECRET.slice(1)}\u212a`, false],
  [SECRET.repeat(10_000), false],
])('equalsSecret compares %s with the secret: %s', (given, equal) => {
  expect(equalsSecret(given, SECRET)).toBe(equal)
})

test('equalsSecret does not normalize Unicode', () => {
  expect(equalsSecret('sécret', 'sécret')).toBe(true)
  expect(equalsSecret('se\u0301cret', 'sécret')).toBe(false)
})

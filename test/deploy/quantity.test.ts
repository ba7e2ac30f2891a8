import { expect, test } from 'vitest'
import { quantity } from '../../deploy/kit/quantity.ts'

test.each([
  [0, 'tool', '0 tools'],
  [1, 'tool', '1 tool'],
  [2, 'dynamic client', '2 dynamic clients'],
] as const)('%i of "%s" is "%s"', (number, noun, text) => {
  expect(quantity(number, noun)).toBe(text)
})

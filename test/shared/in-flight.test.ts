import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { createInFlight } from '../../shared/http/in-flight.ts'

test('responses are listed until they are removed, and their slots are used again', () => {
  const inFlight = createInFlight()
  const [first, second, third] = [response(), response(), response()]
  const slots = [inFlight.add(first), inFlight.add(second)]
  expect(inFlight.all()).toEqual([first, second])
  inFlight.remove(slots[0] ?? -1)
  expect(inFlight.all()).toEqual([second])
  expect(inFlight.add(third)).toBe(slots[0])
  expect(new Set(inFlight.all())).toEqual(new Set([second, third]))
})

/** Equal only to itself. */
function response(): ServerResponse {
  return Symbol('response') as unknown as ServerResponse
}

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
  expect(inFlight.all()).toEqual([second, third])
})

test('responses are listed in the order of their arrival, whichever slots they use', () => {
  const inFlight = createInFlight()
  const slots = [response(), response(), response()].map(inFlight.add)
  for (const slot of slots) inFlight.remove(slot)
  const later = [response(), response(), response()]
  expect(later.map(inFlight.add)).toEqual(slots.toReversed())
  expect(inFlight.all()).toEqual(later)
})

/** Equal only to itself. */
function response(): ServerResponse {
  return Symbol('response') as unknown as ServerResponse
}

import { expect, test } from 'vitest'
import { registrantOf } from '../../../functions/registration/registrant.ts'

const forwarded = (value: string | undefined, isBehindFront: boolean) =>
  registrantOf(value === undefined ? {} : { 'x-forwarded-for': value }, isBehindFront)

test.each([
  [undefined, 'unknown', undefined],
  ['', 'unknown', undefined],
  ['192.0.2.1', '192.0.2.1', undefined],
  ['6.6.6.6, 1.2.3.4,192.0.2.1', '192.0.2.1', '1.2.3.4'],
  ['evil, 192.0.2.1', '192.0.2.1', undefined],
  ['192.0.2.1, evil', 'unknown', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2', undefined],
  ['2001:DB8:0001:2::6', '2001:db8:1:2', undefined],
  ['::1', '0:0:0:0', undefined],
  ['2001:db8::', '2001:db8:0:0', undefined],
  ['2001:db8::7, 2001:db8::8', '2001:db8:0:0', '2001:db8:0:0'],
])('behind a trusted proxy, %j gives the peer %s and the client %s', (value, peer, client) => {
  expect(forwarded(value, true)).toEqual({ peer, client })
})

test.each([
  [undefined, undefined],
  ['127.0.0.1', undefined],
  ['192.0.2.1', '192.0.2.1'],
  ['192.0.2.1, 127.0.0.1', '192.0.2.1'],
  ['192.0.2.1, ::1', '192.0.2.1'],
])('without a trusted proxy, %j gives an unknown peer and the client %s', (value, client) => {
  expect(forwarded(value, false)).toEqual({ peer: 'unknown', client })
})

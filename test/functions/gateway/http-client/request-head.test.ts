import { describe, expect, test } from 'vitest'
import { writeRequestHead } from '../../../../functions/gateway/http-client/request-head.ts'

const request = {
  method: 'POST',
  origin: 'https://[::1]:8443',
  path: '/a?b=c',
  headers: { accept: 'text/plain', 'x-name': 'J\xf6rg' },
}

describe('the head of a request', () => {
  test('has the host, the fields and the length', () => {
    expect(writeRequestHead(request, 7)).toBe(
      'POST /a?b=c HTTP/1.1\r\nhost: [::1]:8443\r\nconnection: keep-alive\r\naccept: text/plain\r\nx-name: J\xf6rg\r\ncontent-length: 7\r\n\r\n',
    )
  })

  test.each([
    ['POST', 'content-length: 0'],
    ['PUT', 'content-length: 0'],
    ['PATCH', 'content-length: 0'],
    ['GET', ''],
    ['HEAD', ''],
    ['DELETE', ''],
  ])('of %s without content has "%s"', (method, expected) => {
    const head = writeRequestHead({ ...request, method }, undefined)
    expect(/content-length.*/.exec(head)?.[0] ?? '').toBe(expected)
  })

  test.each([
    { method: 'GET /x' },
    { method: 'get' },
    { path: '/a b' },
    { path: '/a\r\nx: y' },
    { path: '/\xfc' },
    { path: 'http://other.test/' },
    { headers: { a: 'b\r\nc: d' } },
    { headers: { a: 'b\n' } },
    { headers: { a: 'b\0' } },
    { headers: { a: '\u0142' } },
    { headers: { 'a b': 'c' } },
    { headers: { 'a:': 'c' } },
    { headers: { '': 'c' } },
    { headers: { 'Content-Length': '1' } },
    { headers: { 'transfer-encoding': 'chunked' } },
    { headers: { Host: 'other.test' } },
    { headers: { connection: 'close' } },
    { headers: { expect: '100-continue' } },
  ])('is not written with %j', (changed) => {
    const changedRequest: Parameters<typeof writeRequestHead>[0] = { ...request, ...changed }
    expect(() => writeRequestHead(changedRequest, 0)).toThrow()
  })
})

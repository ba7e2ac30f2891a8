import { describe, expect, test } from 'vitest'
import { requestHead, responseHead } from './message-head.ts'
import { createMessageReader } from './message-reader.ts'

interface Read {
  readonly status: number
  readonly body: string
  readonly closes: boolean
}

/** The messages that a reader finds in the pieces of one connection. */
function readAll(
  pieces: readonly string[],
  { parseHead = responseHead, isEnded = false } = {},
): readonly Read[] {
  const found: Read[] = []
  let body = ''
  const reader = createMessageReader({
    parseHead,
    onBody: (piece) => {
      body += piece.toString('latin1')
    },
    onEnd: ({ status, closes }) => {
      found.push({ status, body, closes })
      body = ''
    },
  })
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, 'latin1')
    reader.push(bytes)
    // The buffer of a socket is reused for the next read.
    bytes.fill('#')
  }
  if (isEnded) reader.end()
  return found
}

const head = (status: string, ...fields: string[]) =>
  `${[`HTTP/1.1 ${status}`, ...fields].join('\r\n')}\r\n\r\n`
const answer = (status: number, body: string, closes = false) => ({ status, body, closes })

const CHUNKED = head('200 OK', 'Transfer-Encoding: chunked')

const RESPONSES: Readonly<Record<string, readonly [bytes: string, expected: Read]>> = {
  'a body with its length': [`${head('200 OK', 'Content-Length: 5')}hello`, answer(200, 'hello')],
  'an empty body': [head('404 Not Found', 'content-length:0'), answer(404, '')],
  'a chunked body': [
    `${CHUNKED}5\r\nhello\r\nA;name=value\r\n, \r\nworld!\r\n0\r\n\r\n`,
    answer(200, 'hello, \r\nworld!'),
  ],
  'a chunked body with trailer fields': [
    `${CHUNKED}1\r\nx\r\n0\r\nserver-timing: a\r\nx: y\r\n\r\n`,
    answer(200, 'x'),
  ],
  'a chunked body without chunks': [`${CHUNKED}0\r\n\r\n`, answer(200, '')],
  '204, whose fields announce a body': [
    head('204 No Content', 'transfer-encoding: chunked'),
    answer(204, ''),
  ],
  '304 with the length of the omitted body': [
    head('304 Not Modified', 'content-length: 5'),
    answer(304, ''),
  ],
  'a response after an interim response': [
    `${head('100 Continue')}${head('200 OK', 'content-length: 2')}ok`,
    answer(200, 'ok'),
  ],
  'a response that closes the connection': [
    `${head('200 OK', 'Connection: close', 'content-length: 2')}ok`,
    answer(200, 'ok', true),
  ],
  'a response of HTTP/1.0': [
    'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok',
    answer(200, 'ok', true),
  ],
  'a keep-alive response of HTTP/1.0': [
    'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok',
    answer(200, 'ok'),
  ],
}

describe('The reader of messages', () => {
  test.each(Object.entries(RESPONSES))('reads %s in one piece', (_, [bytes, expected]) => {
    expect(readAll([bytes])).toEqual([expected])
  })

  test.each(Object.entries(RESPONSES))('reads %s in pieces of one byte', (_, [bytes, expected]) => {
    expect(readAll([...bytes])).toEqual([expected])
  })

  test.each(Object.entries(RESPONSES))('reads %s in any two pieces', (_, [bytes, expected]) => {
    for (let cut = 1; cut < bytes.length; cut++) {
      expect(readAll([bytes.slice(0, cut), bytes.slice(cut)])).toEqual([expected])
    }
  })

  test('reads the responses of one connection in turn', () => {
    const short = `${head('200 OK', 'content-length: 1')}a`
    const same = `${head('200 OK', 'content-length: 1')}b`
    const chunked = `${CHUNKED}2\r\ncd\r\n0\r\n\r\n`
    const expected = [answer(200, 'a'), answer(200, 'b'), answer(200, 'cd'), answer(200, 'a')]
    expect(readAll([short, same, chunked, short])).toEqual(expected)
  })

  test('reads a body without a length until the end of the connection', () => {
    const pieces = [head('200 OK'), 'until ', 'the end']
    expect(readAll(pieces)).toEqual([])
    expect(readAll(pieces, { isEnded: true })).toEqual([answer(200, 'until the end', true)])
  })

  test('reads requests with a length, with chunks and without a body', () => {
    const requests = [
      'GET / HTTP/1.1\r\nhost: a\r\n\r\n',
      'POST /a HTTP/1.1\r\nContent-length: 2\r\n\r\n{}',
      'POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n',
    ]
    const expected = [answer(0, ''), answer(0, '{}'), answer(0, '[]')]
    expect(readAll(requests, { parseHead: requestHead })).toEqual(expected)
  })

  test.each([
    ['other bytes than HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', 'Not an HTTP response'],
    ['a length that is not a number', head('200 OK', 'content-length: 1x'), 'content-length'],
    ['an unknown transfer coding', head('200 OK', 'transfer-encoding: gzip'), 'transfer-encoding'],
    ['a chunk without a size', `${CHUNKED}x\r\n`, 'size of a chunk'],
    ['a chunk that is longer than its size', `${CHUNKED}1\r\nab\r\n`, 'longer than its size'],
    ['a second response to one request', head('204 No Content').repeat(2), 'Unexpected bytes'],
    ['a head without an end', 'x'.repeat(70_000), 'too long'],
  ])('rejects %s', (_, bytes, message) => {
    expect(() => readAll([bytes])).toThrow(message)
  })

  test.each([
    ['the head', 'HTTP/1.1 200 OK\r\n'],
    ['the body', `${head('200 OK', 'content-length: 2')}a`],
    ['the chunks', `${CHUNKED}1\r\na\r\n`],
  ])('rejects the end of the connection within %s', (_, bytes) => {
    expect(() => readAll([bytes], { isEnded: true })).toThrow('within a message')
  })
})

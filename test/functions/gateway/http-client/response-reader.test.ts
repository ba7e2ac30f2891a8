import { describe, expect, test } from 'vitest'
import { ResponseError } from '../../../../functions/gateway/http-client/response-error.ts'
import type { ResponseHead } from '../../../../functions/gateway/http-client/response-head.ts'
import { createResponseReader } from '../../../../functions/gateway/http-client/response-reader.ts'

interface Reading {
  readonly head: ResponseHead | undefined
  readonly content: string
  readonly isComplete: boolean
  readonly isCompleteAtEnd: boolean
  readonly isReusable: boolean
  readonly keepAliveSeconds: number | undefined
}

function read(pieces: readonly string[], isHead = false): Reading {
  const reader = createResponseReader()
  const heads: ResponseHead[] = []
  let content = ''
  let isComplete = false
  reader.begin(isHead, {
    onHead: (head) => heads.push(head),
    onData: (piece) => {
      content += piece.toString('latin1')
    },
  })
  for (const piece of pieces) {
    expect(isComplete).toBe(false)
    isComplete = reader.read(Buffer.from(piece, 'latin1'))
  }
  expect(heads.length).toBeLessThan(2)
  return {
    head: heads[0],
    content,
    isComplete,
    isCompleteAtEnd: reader.isCompleteAtEnd(),
    isReusable: reader.isReusable(),
    keepAliveSeconds: reader.keepAliveSeconds(),
  }
}

const OK = 'HTTP/1.1 200 OK\r\n'
const whole = { isComplete: true, isCompleteAtEnd: false, isReusable: true }

interface Accepted {
  readonly name: string
  readonly text: string
  readonly isHead?: boolean
  readonly expected: object
}

const accepted: readonly Accepted[] = [
  {
    name: 'a length',
    text: `${OK}Content-Type: application/json\r\ncontent-length: 4\r\n\r\n{"a}`,
    expected: { ...whole, content: '{"a}', head: { status: 200, contentType: 'application/json' } },
  },
  {
    name: 'a length of 0',
    text: `${OK}content-length: 0\r\n\r\n`,
    expected: { ...whole, content: '' },
  },
  {
    name: 'chunks with extensions and trailers',
    text: `${OK}transfer-encoding: Chunked\r\n\r\n3;a="b"\r\nabc\r\n00B\r\n0123456789\n\r\n0\r\nx: y\r\n\r\n`,
    expected: { ...whole, content: 'abc0123456789\n' },
  },
  {
    name: 'the end of the connection',
    text: 'HTTP/1.1 200\r\n\r\nabc',
    expected: { content: 'abc', isComplete: false, isCompleteAtEnd: true },
  },
  {
    name: 'informational responses',
    text: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${OK}content-length: 1\r\n\r\na`,
    expected: { ...whole, content: 'a', head: { status: 200 } },
  },
  {
    name: '204 with a length',
    text: 'HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n',
    expected: { ...whole, content: '' },
  },
  { name: '304', text: 'HTTP/1.1 304 Not Modified\r\n\r\n', expected: { ...whole, content: '' } },
  {
    name: 'the response to HEAD',
    text: `${OK}content-length: 500\r\n\r\n`,
    isHead: true,
    expected: { ...whole, content: '', isReusable: false },
  },
  {
    name: 'HTTP/1.0',
    text: 'HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\na',
    expected: { ...whole, content: 'a', isReusable: false },
  },
  {
    name: 'Connection: close',
    text: `${OK}connection: x, Close\r\ncontent-length: 1\r\n\r\na`,
    expected: { ...whole, content: 'a', isReusable: false },
  },
  {
    name: 'Keep-Alive',
    text: `${OK}keep-alive: timeout=5, max=100\r\ncontent-length: 1\r\n\r\na`,
    expected: { ...whole, content: 'a', keepAliveSeconds: 5 },
  },
  {
    name: 'blanks around values, and characters of Latin-1',
    text: `HTTP/1.1 429 \xfc\r\nretry-after: \t7 \t\r\nx:\xe9\r\ncontent-length:1\r\n\r\na`,
    expected: { ...whole, content: 'a', head: { status: 429, retryAfter: '7' } },
  },
  {
    name: 'a repeated Content-Type, and repeated codings',
    text: `${OK}content-type: a/b\r\ncontent-type: c/d\r\ncontent-encoding: gzip\r\ncontent-encoding: br\r\ncontent-length: 0\r\n\r\n`,
    expected: { ...whole, head: { contentType: '', contentEncoding: 'gzip, br' } },
  },
]

const length1 = `${OK}content-length: 1\r\n`
const chunked = `${OK}transfer-encoding: chunked\r\n\r\n`
const refused: readonly (readonly [name: string, text: string])[] = [
  ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n'],
  ['HTTP/2', 'HTTP/2 200\r\n\r\n'],
  ['HTTP/1.2', 'HTTP/1.2 200 OK\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['status 000', 'HTTP/1.1 000 OK\r\n\r\n'],
  ['a switched protocol', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n'],
  ['a lone line feed', `${length1}a: b\nc: d\r\n\r\na`],
  ['line feeds without a head that ends with CRLF', 'HTTP/1.1 200 OK\ncontent-length: 1\n\na'],
  ['a lone carriage return', `${length1}a: b\rc: d\r\n\r\na`],
  ['NUL in a value', `${length1}a: b\0\r\n\r\na`],
  ['a folded line', `${length1}a: b\r\n c\r\n\r\na`],
  ['a blank before the colon', `${OK}content-length : 1\r\n\r\na`],
  ['a field without a colon', `${length1}abc\r\n\r\na`],
  ['two lengths', `${length1}content-length: 2\r\n\r\naa`],
  ['two equal lengths', `${length1}content-length: 1\r\n\r\na`],
  ['a list of lengths', `${OK}content-length: 1, 1\r\n\r\na`],
  ['a negative length', `${OK}content-length: -1\r\n\r\na`],
  ['a hexadecimal length', `${OK}content-length: 0x1\r\n\r\na`],
  ['an empty length', `${OK}content-length:\r\n\r\na`],
  ['a no-break space before a length', `${OK}content-length: \xa01\r\n\r\na`],
  ['a length above 2^53', `${OK}content-length: 99999999999999999999\r\n\r\na`],
  ['a length and chunks', `${length1}transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`],
  ['another transfer coding', `${OK}transfer-encoding: gzip, chunked\r\n\r\n`],
  ['chunked twice', `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n`],
  ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a size that is no number', `${chunked}x\r\n`],
  ['a negative size', `${chunked}-1\r\n`],
  ['an empty size', `${chunked}\r\n`],
  ['a size above 2^52', `${chunked}fffffffffffffff\r\n`],
  ['a size that ends with a line feed', `${chunked}1\na\r\n`],
  ['a chunk longer than its size', `${chunked}1\r\nab\r\n`],
  ['a malformed trailer', `${chunked}0\r\nabc\r\n\r\n`],
  ['a head over 16 KiB', `${OK}a: ${'x'.repeat(16 * 1024)}\r\n\r\n`],
  ['informational heads over 16 KiB', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(700)],
  ['extensions over 16 KiB', `${chunked}1;${'x'.repeat(16 * 1024)}\r\n`],
  ['extensions over 16 KiB together', `${chunked}${`1;${'x'.repeat(1_000)}\r\na\r\n`.repeat(20)}`],
  ['trailers over 16 KiB', `${chunked}0\r\n${'a: b\r\n'.repeat(4_000)}\r\n`],
]

describe('the reader of responses', () => {
  test.each(accepted)('reads $name, divided at each byte', ({ text, isHead, expected }) => {
    expect(read([text], isHead)).toMatchObject(expected)
    for (let at = 1; at < text.length; at += 1) {
      expect(read([text.slice(0, at), text.slice(at)], isHead)).toMatchObject(expected)
    }
    expect(read([...text], isHead)).toMatchObject(expected)
  })

  test.each(accepted)('waits for the end of $name', ({ text, isHead, expected }) => {
    if ('isComplete' in expected && expected.isComplete === false) return
    for (let at = 1; at < text.length; at += 1) {
      const { isComplete, isCompleteAtEnd } = read([text.slice(0, at)], isHead)
      expect({ isComplete, isCompleteAtEnd }).toEqual({ isComplete: false, isCompleteAtEnd: false })
    }
  })

  test.each(refused)('refuses %s', (_, text) => {
    expect(() => read([text])).toThrow(ResponseError)
    expect(() => read([...text])).toThrow(ResponseError)
  })

  test('does not reuse a connection on which more than the response arrives', () => {
    const text = `${length1}\r\na`
    expect(read([`${text}b`])).toMatchObject({ content: 'a', isComplete: true, isReusable: false })
    expect(read([`${text}${text}`])).toMatchObject({ content: 'a', isReusable: false })
  })

  test('reads one response after another', () => {
    const reader = createResponseReader()
    for (const text of [`${length1}\r\na`, `${chunked}1\r\na\r\n0\r\n\r\n`, `${length1}\r\na`]) {
      let content = ''
      reader.begin(false, {
        onHead: () => undefined,
        onData: (piece) => {
          content += piece.toString()
        },
      })
      expect(reader.read(Buffer.from(text))).toBe(true)
      expect([content, reader.isReusable()]).toEqual(['a', true])
    }
  })
})

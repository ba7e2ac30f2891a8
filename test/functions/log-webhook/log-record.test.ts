import { describe, expect, test } from 'vitest'
import { parseLogRecords } from '../../../functions/log-webhook/log-record.ts'
import { HttpError } from '../../../shared/http/http-error.ts'
import { atOnce } from '../../../shared/json/turns.ts'

const DATE = '2027-01-15T08:00:00.000Z'
const REGISTRATION = {
  log_id: '90020270115080000000000000000000000001',
  date: DATE,
  type: 'sapi',
  description: 'Dynamic client registration',
  client_id: 'of-the-event',
  details: { response: { body: { client_id: 'registered' } } },
}

const parse = (body: unknown) =>
  atOnce(
    parseLogRecords(
      Buffer.isBuffer(body)
        ? body
        : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    ),
  )
/** The clients that one record with these members names. */
const registered = (changes: object) =>
  parse({ ...REGISTRATION, ...changes }).map((record) => record.registeredClientId)

describe('a delivery', () => {
  const one = JSON.stringify(REGISTRATION)
  const record = {
    logId: REGISTRATION.log_id,
    registeredClientId: 'registered',
    date: Date.parse(DATE),
  }
  const envelope = (data: unknown) => JSON.stringify({ log_id: 'outer', data })
  const enveloped = { ...record, logId: 'outer' }

  test.each([
    ['an object', one, [record]],
    ['an object over several lines', JSON.stringify(REGISTRATION, undefined, 2), [record]],
    ['an array', `[${one},${one}]`, [record, record]],
    ['an empty array', '[]', []],
    ['lines', `${one}\n${one}`, [record, record]],
    ['one line with its end', `${one}\n`, [record]],
    ['lines with CRLF and blank ones between', `\r\n${one}\r\n \r\n${one}\r\n`, [record, record]],
    ['an envelope', envelope(REGISTRATION), [enveloped]],
    ['envelopes in an array', `[${envelope(REGISTRATION)}]`, [enveloped]],
    ['lines of both kinds', `${one}\n${envelope(REGISTRATION)}`, [record, enveloped]],
    ['an array of both kinds', `[${envelope(REGISTRATION)},${one}]`, [enveloped, record]],
  ])('may be %s', (_, body, records) => {
    expect(parse(body)).toEqual(records)
  })

  test.each([
    ['nothing', '', 'delivery_not_json'],
    ['blank lines', ' \n\r\n', 'delivery_not_json'],
    ['no JSON', 'hello', 'delivery_not_json'],
    ['a broken object', '{"type":', 'delivery_not_json'],
    ['a broken line among good ones', `${one}\n{"type":\n${one}`, 'delivery_not_json'],
    ['objects side by side', `${one}${one}`, 'delivery_not_json'],
    ['a comma too many', `[${one},]`, 'delivery_not_json'],
    ['a byte order mark', `\ufeff${one}`, 'delivery_not_json'],
    ['a form', 'payload=%7B%7D', 'delivery_not_json'],
    ['a number', '7', 'delivery_record_not_an_object'],
    ['null', 'null', 'delivery_record_not_an_object'],
    ['a string', JSON.stringify(one), 'delivery_record_not_an_object'],
    ['an array with a number', `[${one},7]`, 'delivery_record_not_an_object'],
    ['an array with null', '[null]', 'delivery_record_not_an_object'],
    ['arrays in an array', `[[${one}]]`, 'delivery_record_not_an_object'],
    ['arrays on lines', `[${one}]\n[${one}]`, 'delivery_not_json'],
    ['a line that is a number', `${one}\n7`, 'delivery_record_not_an_object'],
    ['half a character', Buffer.from([0x7b, 0x22, 0xc3, 0x22, 0x7d]), 'delivery_not_utf8'],
    ['UTF-16', Buffer.from(one, 'utf16le').subarray(0, -1), 'delivery_not_json'],
    ['UTF-16 with its mark', Buffer.from(`\ufeff${one}`, 'utf16le'), 'delivery_not_utf8'],
  ])('of %s is refused as a whole: 400', (_, body, reason) => {
    expect(() => parse(body)).toThrow(HttpError)
    expect(() => parse(body)).toThrow(
      expect.objectContaining({
        status: 400,
        code: 'invalid_request',
        message: 'Send JSON records: an array, an object, or lines.',
        reason,
      }),
    )
  })
})

describe('a delivery of more than 1 MiB', () => {
  const MIB = 1024 * 1024
  const padded = (bytes: number) => ({ type: 's', padding: 'x'.repeat(bytes) })

  test('may hold many records', () => {
    expect(parse([padded(MIB / 2), padded(MIB / 2), REGISTRATION])).toHaveLength(3)
  })

  test.each([
    ['one record', padded(MIB)],
    ['one record in an array', [padded(MIB)]],
    ['one such record among others', [padded(MIB), REGISTRATION, padded(MIB / 2)]],
    ['no record', `[${' '.repeat(MIB)}]`],
    ['no JSON', 'x'.repeat(MIB + 1)],
    ['no objects', `[${'7,'.repeat(MIB / 2)}7]`],
    ['no UTF-8', Buffer.alloc(MIB + 1, 0xff)],
  ])('is refused for %s: 413', (_, body) => {
    expect(() => parse(body)).toThrow(expect.objectContaining({ status: 413 }))
  })
})

describe('a registration', () => {
  test.each<[string, object]>([
    ['of another type', { type: 'fapi' }],
    ['that failed', { type: 'fcoa' }],
    ['of a type in other letters', { type: 'SAPI' }],
    ['of a type that is a list', { type: ['sapi'] }],
    ['without type', { type: undefined }],
    ['of another operation', { description: 'Create a client' }],
    ['that only begins like it', { description: 'Dynamic client registration disabled' }],
    ['in other letters', { description: 'dynamic client registration' }],
    ['that a user names so', { type: 's', description: REGISTRATION.description }],
    ['whose description is a list', { description: [REGISTRATION.description] }],
    ['without description', { description: undefined }],
    ['without any id', { client_id: undefined, details: undefined }],
    ['with an empty id', { client_id: '', details: undefined }],
    ['with a number as id', { client_id: 7, details: undefined }],
    ['with a list as id', { client_id: ['x'], details: undefined }],
    ['with an id of 257 characters', { client_id: 'x'.repeat(257), details: undefined }],
  ])('%s is none', (_, changes) => {
    expect(registered(changes)).toEqual([undefined])
  })

  const details = (body: unknown) => ({ details: { response: { body } } })
  test.each<[string, object, string]>([
    ["the answer's", {}, 'registered'],
    [
      "the answer's, with blanks around the description",
      { description: ' Dynamic client registration\n' },
      'registered',
    ],
    ["the answer's, where the event has none", { client_id: undefined }, 'registered'],
    ["the answer's, where the event's is no text", { client_id: 7 }, 'registered'],
    ["the event's, where the answer has none", details({}), 'of-the-event'],
    ["the event's, where the answer's is null", details({ client_id: null }), 'of-the-event'],
    ["the event's, where the answer's is empty", details({ client_id: '' }), 'of-the-event'],
    ["the event's, where the answer is text", details('{"client_id":"x"}'), 'of-the-event'],
    ["the event's, where there is no answer", { details: { request: {} } }, 'of-the-event'],
    ["the event's, where details is null", { details: null }, 'of-the-event'],
    ["the event's, where details is a list", { details: [{ response: {} }] }, 'of-the-event'],
    [
      'what stands there, to the letter',
      { client_id: ' a/..%2f"\n', details: null },
      ' a/..%2f"\n',
    ],
    ['one of 256 characters', { client_id: 'x'.repeat(256), details: null }, 'x'.repeat(256)],
  ])('names the client by %s', (_, changes, clientId) => {
    expect(registered(changes)).toEqual([clientId])
  })
})

describe('a registration by a metadata document, of which Auth0 documents no record', () => {
  const guessed = (changes: object) =>
    parse({ ...REGISTRATION, description: 'Client ID Metadata Document registration', ...changes })

  test.each<[object, string]>([
    [{}, 'registered'],
    [{ description: 'Register a CIMD client' }, 'registered'],
    [{ details: undefined }, 'of-the-event'],
  ])('%j is a guess, of %s', (changes, registeredClientId) => {
    expect(guessed(changes)).toMatchObject([{ registeredClientId, isGuess: true }])
  })

  test.each<[object]>([
    [{ type: 'fapi' }],
    [{ type: 's' }],
    [{ description: 'Create a client' }],
    [{ description: 'ACIMDB' }],
    [{ client_id: null, details: undefined }],
    [{ client_id: 'https://chatgpt.com/oauth/client.json', details: undefined }],
  ])('%j is none', (changes) => {
    const [record] = guessed(changes)
    expect(record).not.toHaveProperty('isGuess')
    expect(record?.registeredClientId).toBeUndefined()
  })

  test('the record of a dynamic registration is no guess', () => {
    expect(parse(REGISTRATION)[0]).not.toHaveProperty('isGuess')
  })
})

describe('what the envelope says', () => {
  const wrapped = (envelope: object) => parse({ log_id: 'outer', data: REGISTRATION, ...envelope })

  test.each<[object, string]>([
    [{}, 'outer'],
    [{ log_id: undefined }, REGISTRATION.log_id],
    [{ log_id: null }, REGISTRATION.log_id],
    [{ log_id: 7 }, REGISTRATION.log_id],
    [{ log_id: ['outer'] }, REGISTRATION.log_id],
  ])('%j: the id is %s', (envelope, logId) => {
    expect(wrapped(envelope)).toMatchObject([{ logId, registeredClientId: 'registered' }])
  })

  test.each([null, 'x', 7, [REGISTRATION]])('data %j is no record in an envelope', (data) => {
    expect(wrapped({ data })).toEqual([
      { logId: 'outer', registeredClientId: undefined, date: undefined },
    ])
  })

  test('of the record does not count: the type must be inside', () => {
    expect(
      wrapped({ type: 'sapi', data: { description: REGISTRATION.description } }),
    ).toMatchObject([{ registeredClientId: undefined }])
  })

  test('may not be wrapped again', () => {
    expect(wrapped({ data: { log_id: 'inner', data: REGISTRATION } })).toMatchObject([
      { logId: 'outer', registeredClientId: undefined },
    ])
  })
})

describe('the date', () => {
  test.each([
    [DATE, Date.parse(DATE)],
    ['2027-01-15T09:00:00+01:00', Date.parse(DATE)],
    ['yesterday', undefined],
    ['', undefined],
    [null, undefined],
    [1_800_000_000, undefined],
    [{}, undefined],
  ])('%j is %j', (date, milliseconds) => {
    expect(parse({ ...REGISTRATION, date })).toMatchObject([{ date: milliseconds }])
  })
})

describe('hostile records', () => {
  const text = JSON.stringify(REGISTRATION)

  test.each([
    ['__proto__ around it', `{"__proto__":${text}}`, undefined],
    ['constructor around it', `{"constructor":{"prototype":${text}}}`, undefined],
    ['__proto__ in it', text.replace('{', '{"__proto__":{"type":"s"},'), 'registered'],
    [
      '__proto__ in the answer',
      text.replace('{"client_id"', '{"__proto__":{},"client_id"'),
      'registered',
    ],
    ['the type twice, the last one another', text.replace(/}$/, ',"type":"s"}'), undefined],
    ['the data twice, the last one empty', `{"data":${text},"data":{}}`, undefined],
  ])('%s', (_, body, clientId) => {
    expect(parse(body)).toMatchObject([{ registeredClientId: clientId }])
    expect(Object.prototype).not.toHaveProperty('type')
  })

  test('one that is deep is read like any other: it must not hold up those beside it', () => {
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`
    const body = `[${text.replace('{', `{"deep":${deep},`)},${text}]`
    expect(parse(body).map(({ registeredClientId }) => registeredClientId)).toEqual([
      'registered',
      'registered',
    ])
  })

  test('thousands cost little', () => {
    const startedAt = performance.now()
    expect(parse(`[${Array.from({ length: 5_000 }, () => text).join(',')}]`)).toHaveLength(5_000)
    expect(performance.now() - startedAt).toBeLessThan(15_000)
  })
})

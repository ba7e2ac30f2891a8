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
/** The client IDs of the registrations in a record with these members. */
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
    ['one line with a line break', `${one}\n`, [record]],
    ['lines with CRLF and blank lines', `\r\n${one}\r\n \r\n${one}\r\n`, [record, record]],
    ['an envelope', envelope(REGISTRATION), [enveloped]],
    ['envelopes in an array', `[${envelope(REGISTRATION)}]`, [enveloped]],
    [
      'lines with and without an envelope',
      `${one}\n${envelope(REGISTRATION)}`,
      [record, enveloped],
    ],
    [
      'an array of records with and without an envelope',
      `[${envelope(REGISTRATION)},${one}]`,
      [enveloped, record],
    ],
  ])('can be %s', (_, body, records) => {
    expect(parse(body)).toEqual(records)
  })

  test.each([
    ['empty', '', 'delivery_not_json'],
    ['blank lines', ' \n\r\n', 'delivery_not_json'],
    ['not JSON', 'hello', 'delivery_not_json'],
    ['a malformed object', '{"type":', 'delivery_not_json'],
    ['a malformed line among valid ones', `${one}\n{"type":\n${one}`, 'delivery_not_json'],
    ['two objects on one line', `${one}${one}`, 'delivery_not_json'],
    ['an array with a trailing comma', `[${one},]`, 'delivery_not_json'],
    ['JSON with a byte order mark', `\ufeff${one}`, 'delivery_not_json'],
    ['a form', 'payload=%7B%7D', 'delivery_not_json'],
    ['a number', '7', 'delivery_record_not_an_object'],
    ['null', 'null', 'delivery_record_not_an_object'],
    ['a string', JSON.stringify(one), 'delivery_record_not_an_object'],
    ['an array with a number', `[${one},7]`, 'delivery_record_not_an_object'],
    ['an array with null', '[null]', 'delivery_record_not_an_object'],
    ['an array of arrays', `[[${one}]]`, 'delivery_record_not_an_object'],
    ['arrays on lines', `[${one}]\n[${one}]`, 'delivery_not_json'],
    ['lines with a number', `${one}\n7`, 'delivery_record_not_an_object'],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xc3, 0x22, 0x7d]), 'delivery_not_utf8'],
    ['UTF-16', Buffer.from(one, 'utf16le').subarray(0, -1), 'delivery_not_json'],
    ['UTF-16 with a byte order mark', Buffer.from(`\ufeff${one}`, 'utf16le'), 'delivery_not_utf8'],
  ])('is refused as a whole with 400 if it is %s', (_, body, reason) => {
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

  test('can contain many records', () => {
    expect(parse([padded(MIB / 2), padded(MIB / 2), REGISTRATION])).toHaveLength(3)
  })

  test.each([
    ['one large record', padded(MIB)],
    ['one large record in an array', [padded(MIB)]],
    ['one large record among others', [padded(MIB), REGISTRATION, padded(MIB / 2)]],
    ['no record', `[${' '.repeat(MIB)}]`],
    ['no JSON', 'x'.repeat(MIB + 1)],
    ['no objects', `[${'7,'.repeat(MIB / 2)}7]`],
    ['invalid UTF-8', Buffer.alloc(MIB + 1, 0xff)],
  ])('is refused with 413 if it contains %s', (_, body) => {
    expect(() => parse(body)).toThrow(expect.objectContaining({ status: 413 }))
  })
})

describe('a registration', () => {
  test.each<[string, object]>([
    ['of another type', { type: 'fapi' }],
    ['of a failed code exchange', { type: 'fcoa' }],
    ['whose type is in capitals', { type: 'SAPI' }],
    ['whose type is a list', { type: ['sapi'] }],
    ['without a type', { type: undefined }],
    ['of another operation', { description: 'Create a client' }],
    [
      'whose description only begins with the operation',
      { description: 'Dynamic client registration disabled' },
    ],
    ['whose description is in lower case', { description: 'dynamic client registration' }],
    [
      'of a sign-in with the description of a registration',
      { type: 's', description: REGISTRATION.description },
    ],
    ['whose description is a list', { description: [REGISTRATION.description] }],
    ['without a description', { description: undefined }],
    ['without an id', { client_id: undefined, details: undefined }],
    ['with an empty id', { client_id: '', details: undefined }],
    ['with a number as id', { client_id: 7, details: undefined }],
    ['with a list as id', { client_id: ['x'], details: undefined }],
    ['with an id of 257 characters', { client_id: 'x'.repeat(257), details: undefined }],
  ])('is not read from a record %s', (_, changes) => {
    expect(registered(changes)).toEqual([undefined])
  })

  const details = (body: unknown) => ({ details: { response: { body } } })
  test.each<[string, object, string]>([
    ['the response', {}, 'registered'],
    [
      'the response if the description has surrounding white space',
      { description: ' Dynamic client registration\n' },
      'registered',
    ],
    ['the response if the event has none', { client_id: undefined }, 'registered'],
    ['the response if it is a number in the event', { client_id: 7 }, 'registered'],
    ['the event if the response has none', details({}), 'of-the-event'],
    ['the event if it is null in the response', details({ client_id: null }), 'of-the-event'],
    ['the event if it is empty in the response', details({ client_id: '' }), 'of-the-event'],
    ['the event if the response is a string', details('{"client_id":"x"}'), 'of-the-event'],
    ['the event if there is no response', { details: { request: {} } }, 'of-the-event'],
    ['the event if details is null', { details: null }, 'of-the-event'],
    ['the event if details is a list', { details: [{ response: {} }] }, 'of-the-event'],
    ['the event unchanged', { client_id: ' a/..%2f"\n', details: null }, ' a/..%2f"\n'],
    [
      'the event with 256 characters',
      { client_id: 'x'.repeat(256), details: null },
      'x'.repeat(256),
    ],
  ])('has the client ID of %s', (_, changes, clientId) => {
    expect(registered(changes)).toEqual([clientId])
  })
})

describe('a registration by a metadata document, whose record Auth0 does not document', () => {
  const guessed = (changes: object) =>
    parse({ ...REGISTRATION, description: 'Client ID Metadata Document registration', ...changes })

  test.each<[object, string]>([
    [{}, 'registered'],
    [{ description: 'Register a CIMD client' }, 'registered'],
    [{ details: undefined }, 'of-the-event'],
  ])('is guessed from %j with the client ID %s', (changes, registeredClientId) => {
    expect(guessed(changes)).toMatchObject([{ registeredClientId, isGuess: true }])
  })

  test.each<[object]>([
    [{ type: 'fapi' }],
    [{ type: 's' }],
    [{ description: 'Create a client' }],
    [{ description: 'ACIMDB' }],
    [{ client_id: null, details: undefined }],
    [{ client_id: 'https://chatgpt.com/oauth/client.json', details: undefined }],
  ])('is not guessed from %j', (changes) => {
    const [record] = guessed(changes)
    expect(record).not.toHaveProperty('isGuess')
    expect(record?.registeredClientId).toBeUndefined()
  })

  test('is not guessed from the record of a dynamic registration', () => {
    expect(parse(REGISTRATION)[0]).not.toHaveProperty('isGuess')
  })
})

describe('the envelope of a record', () => {
  const wrapped = (envelope: object) => parse({ log_id: 'outer', data: REGISTRATION, ...envelope })

  test.each<[object, string]>([
    [{}, 'outer'],
    [{ log_id: undefined }, REGISTRATION.log_id],
    [{ log_id: null }, REGISTRATION.log_id],
    [{ log_id: 7 }, REGISTRATION.log_id],
    [{ log_id: ['outer'] }, REGISTRATION.log_id],
  ])('with %j gives the log ID %s', (envelope, logId) => {
    expect(wrapped(envelope)).toMatchObject([{ logId, registeredClientId: 'registered' }])
  })

  test.each([null, 'x', 7, [REGISTRATION]])('with the data %j contains no record', (data) => {
    expect(wrapped({ data })).toEqual([
      { logId: 'outer', registeredClientId: undefined, date: undefined },
    ])
  })

  test('cannot supply the type of the record', () => {
    expect(
      wrapped({ type: 'sapi', data: { description: REGISTRATION.description } }),
    ).toMatchObject([{ registeredClientId: undefined }])
  })

  test('cannot be nested', () => {
    expect(wrapped({ data: { log_id: 'inner', data: REGISTRATION } })).toMatchObject([
      { logId: 'outer', registeredClientId: undefined },
    ])
  })
})

describe('the date of a record', () => {
  test.each([
    [DATE, Date.parse(DATE)],
    ['2027-01-15T09:00:00+01:00', Date.parse(DATE)],
    ['yesterday', undefined],
    ['', undefined],
    [null, undefined],
    [1_800_000_000, undefined],
    [{}, undefined],
  ])('%j is read as %j', (date, milliseconds) => {
    expect(parse({ ...REGISTRATION, date })).toMatchObject([{ date: milliseconds }])
  })
})

describe('hostile records', () => {
  const text = JSON.stringify(REGISTRATION)

  test.each([
    ['__proto__ around the record', `{"__proto__":${text}}`, undefined],
    ['constructor around the record', `{"constructor":{"prototype":${text}}}`, undefined],
    ['__proto__ in the record', text.replace('{', '{"__proto__":{"type":"s"},'), 'registered'],
    [
      '__proto__ in the response',
      text.replace('{"client_id"', '{"__proto__":{},"client_id"'),
      'registered',
    ],
    ['two types, the last one different', text.replace(/}$/, ',"type":"s"}'), undefined],
    ['two data members, the last one empty', `{"data":${text},"data":{}}`, undefined],
  ])('with %s are read without an effect on prototypes', (_, body, clientId) => {
    expect(parse(body)).toMatchObject([{ registeredClientId: clientId }])
    expect(Object.prototype).not.toHaveProperty('type')
  })

  test('with deep nesting are read and do not affect the other records', () => {
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`
    const body = `[${text.replace('{', `{"deep":${deep},`)},${text}]`
    expect(parse(body).map(({ registeredClientId }) => registeredClientId)).toEqual([
      'registered',
      'registered',
    ])
  })

  test('do not slow down a delivery: 5,000 records are read in less than a minute', () => {
    const startedAt = performance.now()
    expect(parse(`[${Array.from({ length: 5_000 }, () => text).join(',')}]`)).toHaveLength(5_000)
    expect(performance.now() - startedAt).toBeLessThan(60_000)
  })
})

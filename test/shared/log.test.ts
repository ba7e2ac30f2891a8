import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLog, type LogLevel, type LogOptions } from '../../shared/log.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const LEVELS = ['debug', 'info', 'warning', 'error'] as const

let written: string[]
beforeAll(() => void vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2027, 0, 15, 8) }))
afterAll(() => void vi.useRealTimers())
beforeEach(() => {
  written = []
})

function logAt(level: LogLevel, options: Partial<LogOptions> = {}) {
  return createLog({ service: 'gateway', level, write: (line) => written.push(line), ...options })
}
const entries = () => written.map((line) => JSON.parse(line) as Record<string, unknown>)

test('a line is one JSON object with the field names of Cloud Logging', () => {
  logAt('info').info('tool_called', { tool: 'listEvents', ms: 12, cached: false, faults: ['a'] })
  expect(written).toEqual([
    '{"severity":"INFO","message":"tool_called","time":"2027-01-15T08:00:00.000Z",' +
      '"service":"gateway","tool":"listEvents","ms":12,"cached":false,"faults":["a"]}\n',
  ])
})

describe('the log level', () => {
  test.each([
    ['debug', ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'NOTICE']],
    ['info', ['INFO', 'WARNING', 'ERROR', 'NOTICE']],
    ['warning', ['WARNING', 'ERROR', 'NOTICE']],
    ['error', ['ERROR', 'NOTICE']],
  ] as const)('%s writes the severities %j', (level, severities) => {
    const log = logAt(level).with({ request_id: 'r' })
    for (const name of [...LEVELS, 'audit'] as const) log[name](name)
    expect(entries().map(({ severity }) => severity)).toEqual(severities)
  })
})

describe('the trace of a line', () => {
  test.each([
    [undefined, TRACE],
    ['', TRACE],
    ['my-project', `projects/my-project/traces/${TRACE}`],
  ])('in the project %j is %s', (project, trace) => {
    logAt('info', { project }).with({ trace: TRACE }).info('x')
    expect(entries()).toMatchObject([{ 'logging.googleapis.com/trace': trace }])
    expect(entries()[0]).not.toHaveProperty('trace')
  })

  test('is omitted if there is none', () => {
    logAt('info', { project: 'my-project' }).with({ trace: undefined }).info('x')
    expect(Object.keys(entries()[0] ?? {})).toEqual(['severity', 'message', 'time', 'service'])
  })
})

describe('fields', () => {
  test('of a log are merged with those of a line, which take precedence', () => {
    const log = logAt('info').with({ request_id: 'r', a: 1 }).with({ a: 2, b: 3 })
    log.info('x', { b: 4 })
    log.audit('y')
    expect(entries()).toMatchObject([
      { request_id: 'r', a: 2, b: 4 },
      { request_id: 'r', a: 2, b: 3, severity: 'NOTICE' },
    ])
  })

  test('of a derived log do not affect its parent', () => {
    const log = logAt('info')
    log.with({ subject: 'auth0|alice' }).info('x')
    log.info('y')
    expect(entries()[1]).not.toHaveProperty('subject')
  })

  test('that are undefined are omitted', () => {
    logAt('info').info('x', { reason: undefined })
    expect(entries()[0]).not.toHaveProperty('reason')
  })

  test.each([
    ['text', (text: string) => text],
    ['a text in a list', (text: string) => [text]],
  ] as const)('are truncated to 1,000 characters: %s', (_, field) => {
    logAt('info').info('x', { fits: field('a'.repeat(1_000)), cut: field('b'.repeat(1_001)) })
    expect(entries()).toMatchObject([
      { fits: field('a'.repeat(1_000)), cut: field(`${'b'.repeat(1_000)}…`) },
    ])
  })

  test('with hostile text do not add a line or a field', () => {
    const evil = 'a\n{"severity":"EMERGENCY"}\r\u2028"}'
    logAt('info').with({ subject: evil }).info('x', { reason: evil })
    expect(written).toHaveLength(1)
    expect(written[0]?.indexOf('\n')).toBe((written[0]?.length ?? 0) - 1)
    expect(entries()).toMatchObject([{ severity: 'INFO', subject: evil, reason: evil }])
  })

  test.each([
    ['a bidirectional override', '\u202e', '\\u202e'],
    ['a bidirectional isolate', '\u2066', '\\u2066'],
    ['a zero-width space', '\u200b', '\\u200b'],
    ['a byte order mark', '\ufeff', '\\ufeff'],
    ['a C1 control character', '\u009b', '\\u009b'],
    ['DEL', '\u007f', '\\u007f'],
    ['ESC', '\u001b', '\\u001b'],
    ['a line separator', '\u2028', '\\u2028'],
    ['a soft hyphen', '\u00ad', '\\u00ad'],
    ['a tag character', '\u{e0041}', '\\udb40\\udc41'],
    ['a Hangul filler', '\u3164', '\\u3164'],
    ['a lone surrogate', '\ud800', '\\ud800'],
  ])('contain an escape for %s', (_, character, escaped) => {
    const text = `a${character}b`
    logAt('info')
      .with({ subject: text })
      .info('x', { reason: text, faults: [text] })
    expect(written[0]).toContain(
      `"subject":"a${escaped}b","reason":"a${escaped}b","faults":["a${escaped}b"]`,
    )
    expect(entries()).toMatchObject([{ subject: text, reason: text, faults: [text] }])
  })

  const rows: readonly [name: string, text: string][] = [
    ['letters', 'a'.repeat(100_000)],
    ['quotation marks', '"'.repeat(100_000)],
    ['control characters', '\u0001'.repeat(100_000)],
    ['bidirectional overrides', '\u202e'.repeat(100_000)],
    ['tag characters', '\u{e0041}'.repeat(50_000)],
    ['emoji', '\u{1f600}'.repeat(50_000)],
  ]
  test.each(rows)('with very many %s have a limited number of bytes', (_, text) => {
    const bytesOf = (fields: Parameters<ReturnType<typeof logAt>['info']>[1]) => {
      written = []
      logAt('info').info('x', fields)
      return Buffer.byteLength(written[0] ?? '')
    }
    const frame = bytesOf({})
    expect(bytesOf({ reason: text }) - frame).toBeLessThan(1_020)
    expect(bytesOf({ subject: text }) - frame).toBeLessThan(170)
    expect(bytesOf({ client: text }) - frame).toBeLessThan(170)
    const list = Array.from({ length: 1_000 }, () => text)
    expect(bytesOf({ faults: list }) - frame).toBeLessThan(16_050)
    expect(entries()[0]?.['faults']).toEqual(
      expect.arrayContaining([expect.stringMatching(/^and 9\d\d more$/)]),
    )
  })

  test('with long subjects that differ at their ends remain different', () => {
    const log = logAt('info')
    for (const end of ['a', 'b']) log.info('x', { subject: `${'s'.repeat(2_000)}${end}` })
    const [one, other] = entries().map(({ subject }) => subject)
    expect(one).toMatch(/^s{128}…[0-9a-f]{16}$/)
    expect(one).not.toBe(other)
  })
})

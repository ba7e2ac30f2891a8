import { afterEach, describe, expect, test } from 'vitest'
import type { TenantLogStream } from '../../../deploy/emulator/state.ts'
import { doctorReport, idsOf } from '../../support/auth0/doctor.ts'
import {
  byName,
  type Case,
  expectFindings,
  expectIds,
  expectNoSecret,
  type FaultRow,
} from '../../support/auth0/doctor-case.ts'
import {
  all,
  noStreams,
  secretMasked,
  sink,
  stream,
  withoutScopes,
  withoutStream,
} from '../../support/auth0/doctor-changes.ts'
import { OPEN, openTenant, predefined, withoutClients } from '../../support/auth0/doctor-clients.ts'
import { type Change, doctorForAllTests } from '../../support/auth0/doctor-tenant.ts'
import {
  FORMER_LOG_WEBHOOK_SECRET,
  LOG_WEBHOOK_SECRET,
  type Misbehaviour,
  startFront,
} from '../../support/http/front.ts'

const { front, optionsFor, examine } = doctorForAllTests()

const CASES: readonly Case[] = [
  {
    name: 'a missing log stream when ChatGPT registers clients',
    change: withoutStream,
    errors: ['log_stream_missing'],
  },
  {
    name: 'a missing log stream when there is a predefined client and registration is on',
    change: all(predefined(), withoutStream),
    warnings: ['log_stream_missing'],
  },
  {
    name: 'a plan without log streams',
    change: noStreams,
    errors: ['log_streams_not_in_plan'],
  },
  {
    name: 'a plan without log streams when there is a predefined client',
    change: all(predefined(), noStreams),
    warnings: ['log_streams_not_in_plan'],
  },
]

test.each(byName(CASES))('reports %s', async (_, one) => {
  const { change, env, args } = one
  const report = await examine(change, env, args)
  expectFindings(report, one)
})

const FAULTS: readonly FaultRow[] = [
  ['the log stream does not exist', withoutStream, ['log_stream_missing']],
  ['the log stream is paused', stream({ status: 'paused' }), ['log_stream_not_active']],
  ['the log stream is suspended', stream({ status: 'suspended' }), ['log_stream_not_active']],
  [
    'the log stream delivers to another URL',
    sink({ httpEndpoint: 'https://old.example/auth0-log-webhook' }),
    ['log_stream_wrong_url'],
  ],
  [
    'the log stream delivers JSON Lines',
    sink({ httpContentFormat: 'JSONLINES' }),
    ['log_stream_format'],
  ],
  [
    'the log stream has no secret',
    sink({ httpAuthorization: undefined } as Partial<TenantLogStream['sink']>),
    ['log_stream_secret'],
  ],
  [
    'the log stream has another secret',
    sink({ httpAuthorization: 'Bearer another' }),
    ['log_stream_secret'],
  ],
  [
    'the filters of the log stream exclude registrations',
    stream({ filters: [{ type: 'category', name: 'auth.login.fail' }] }),
    ['log_stream_filters'],
  ],
  ['the log stream has no filters', stream({ filters: [] }), ['log_stream_filters']],
]

test.each(FAULTS)('reports that %s', async (_, change, expected) => {
  expectIds(await examine(change), expected)
})

test('reports nothing for a paused log stream to another URL', async () => {
  const change: Change = ({ logStreams }) =>
    void logStreams.set('lst_2', {
      id: 'lst_2',
      name: 'SIEM',
      type: 'http',
      status: 'paused',
      sink: { httpEndpoint: 'https://siem.example' },
    })
  expect(idsOf(await examine(change))).toEqual([])
})

test('requires no log stream with open access', async () => {
  for (const change of [noStreams, withoutStream, stream({ status: 'paused' })]) {
    const report = await examine(all(openTenant, change), OPEN)
    expect(idsOf(report)).toEqual(['third_party_access_open'])
    expect(report.ok).toBe(true)
  }
})

describe('without a log stream', () => {
  test('names the alternatives when ChatGPT registers clients', async () => {
    for (const change of [noStreams, withoutStream]) {
      const { findings } = await examine(change)
      expect(findings[0]?.fix).toMatch(
        /--predefined.*AUTH_SERVER_METADATA=curated.*THIRD_PARTY_ACCESS=open/,
      )
    }
  })

  test('distinguishes a limit of the plan from a missing scope', async () => {
    const { findings } = await examine(noStreams)
    expect(findings[0]?.seen).toContain('limit of the Auth0 plan')
    const missing = await examine(withoutScopes('read:log_streams'))
    expect(idsOf(missing)).toEqual(['management_scope_missing'])
  })

  test('reports nothing with curated metadata', async () => {
    await using curated = await startFront({ AUTH_SERVER_METADATA: 'curated' })
    for (const change of [noStreams, withoutStream]) {
      const options = optionsFor(all(withoutClients, change), {}, curated)
      expect((await doctorReport([curated.url], options)).findings).toEqual([])
    }
  })
})

describe('the test delivery', () => {
  afterEach(() => {
    front.misbehaves = {}
  })
  const PATH = '/auth0-log-webhook'
  const away = (path: string): Misbehaviour => ({
    request: (asked) => (asked.path === PATH ? { path } : {}),
  })
  const answered = (status: number): Misbehaviour => ({
    answer: (_, { path }) => (path === PATH ? { status, body: '' } : undefined),
  })
  const REFUSED: readonly (readonly [string, Misbehaviour, readonly string[]])[] = [
    ['no rewrite leads to log-webhook', away('/nowhere'), ['log_webhook_unreachable']],
    ['log-webhook answers 500', answered(500), ['log_webhook_unreachable']],
    ['log-webhook has another secret', answered(401), ['log_webhook_secret']],
  ]

  test.each(REFUSED)('reports that %s', async (_, misbehaves, expected) => {
    front.misbehaves = misbehaves
    const report = await examine()
    expect(idsOf(report)).toEqual(expected)
    expect(report.findings[0]?.fix).toContain('npm run deploy')
    expectNoSecret(report)
  })

  const sentTo = async (change?: Change, env = {}) => {
    const sent: string[] = []
    const options = optionsFor(change, env)
    const fetch: typeof globalThis.fetch = (input, init) => {
      if (new Request(input, init).url.endsWith(PATH)) {
        sent.push(`${init?.body} ${new Headers(init?.headers).get('authorization')}`)
      }
      return globalThis.fetch(input, init)
    }
    await doctorReport([front.url], { ...options, fetch })
    return sent
  }

  test('sends an empty list with the secret of the log stream', async () => {
    expect(await sentTo()).toEqual([`[] Bearer ${LOG_WEBHOOK_SECRET}`])
    const former = sink({ httpAuthorization: FORMER_LOG_WEBHOOK_SECRET })
    const unknown = { LOG_WEBHOOK_SECRET: undefined }
    expect(await sentTo(former, unknown)).toEqual([`[] ${FORMER_LOG_WEBHOOK_SECRET}`])
    expect(await sentTo(secretMasked)).toEqual([`[] Bearer ${LOG_WEBHOOK_SECRET}`])
  })

  test('sends nothing without a log stream to this deployment or without its secret', async () => {
    expect(await sentTo(withoutStream)).toEqual([])
    expect(await sentTo(undefined, { PUBLIC_URL: 'https://other.example' })).toEqual([])
    const unknown = { LOG_WEBHOOK_SECRET: undefined }
    expect(await sentTo(secretMasked, unknown)).toEqual([])
  })
})

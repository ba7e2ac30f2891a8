import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { doctorReport, idsOf } from '../../support/auth0/doctor.ts'
import {
  type Case,
  expectFindings,
  noStreams,
  OPEN,
  openTenant,
  predefined,
  withoutClients,
} from '../../support/auth0/doctor-changes.ts'
import {
  both,
  type Change,
  sink,
  stream,
  tenantOptions,
  type Variables,
} from '../../support/auth0/doctor-tenant.ts'
import {
  FORMER_LOG_WEBHOOK_SECRET,
  type Front,
  type Misbehaviour,
  LOG_WEBHOOK_SECRET as SECRET,
  startFront,
} from '../../support/http/front.ts'

let front: Front
beforeAll(async () => {
  front = await startFront()
})
afterAll(() => front?.[Symbol.asyncDispose]())

const optionsFor = (change: Change, env: Variables = {}, { url } = front) =>
  tenantOptions(url, change, env)

function examine(change: Change = () => ({}), env: Variables = {}, args: readonly string[] = []) {
  return doctorReport([front.url, ...args], optionsFor(change, env))
}

const CASES: readonly Case[] = [
  {
    name: 'no log stream, which ChatGPT depends on',
    change: () => ({ streams: [] }),
    errors: ['log_stream_missing'],
  },
  {
    name: 'no log stream beside a predefined client, while clients can register',
    change: both(predefined(), () => ({ streams: [] })),
    warnings: ['log_stream_missing'],
  },
  {
    name: 'log streams that the plan does not have',
    change: noStreams,
    errors: ['log_streams_not_in_plan'],
  },
  {
    name: 'log streams that the plan does not have, beside a predefined client',
    change: both(predefined(), noStreams),
    warnings: ['log_streams_not_in_plan'],
  },
]

test.each(CASES)('names the fault of a tenant: $name', async (one) => {
  const { change, env, args } = one
  const report = await examine(change, env, args)
  expectFindings(report, one)
})

test('with open access no log stream is missed', async () => {
  for (const change of [noStreams, () => ({ streams: [] }), stream({ status: 'paused' })]) {
    const report = await examine(both(openTenant, change), OPEN)
    expect(idsOf(report)).toEqual(['third_party_access_open'])
    expect(report.ok).toBe(true)
  }
})

describe('the ways without a log stream', () => {
  test('are named where ChatGPT depends on one', async () => {
    for (const change of [noStreams, () => ({ streams: [] })]) {
      const { findings } = await examine(change)
      expect(findings[0]?.fix).toMatch(
        /--predefined.*AUTH_SERVER_METADATA=curated.*THIRD_PARTY_ACCESS=open/,
      )
    }
  })

  test('a limit of the plan is not taken for a missing scope', async () => {
    const { findings } = await examine(noStreams)
    expect(findings[0]?.seen).toContain('limit of the Auth0 plan')
    const missing = await examine(() => ({ forbidden: ['/log-streams'] }))
    expect(idsOf(missing)).toEqual(['management_scope_missing'])
  })

  test('curated metadata is one of them', async () => {
    await using curated = await startFront({ AUTH_SERVER_METADATA: 'curated' })
    for (const change of [noStreams, () => ({ streams: [] })]) {
      const options = tenantOptions(curated.url, both(withoutClients, change))
      expect((await doctorReport([curated.url], options)).findings).toEqual([])
    }
  })
})

describe('what the log stream sends', () => {
  const PATH = '/auth0-log-webhook'
  const away = (path: string): Misbehaviour => ({
    request: (asked) => (asked.path === PATH ? { path } : {}),
  })
  const answered = (status: number): Misbehaviour => ({
    answer: (_, { path }) => (path === PATH ? { status, body: '' } : undefined),
  })
  const NOT_TAKEN: readonly (readonly [string, Misbehaviour, readonly string[]])[] = [
    ['no rewrite leads to log-webhook', away('/nowhere'), ['log_webhook_unreachable']],
    ['log-webhook is broken', answered(500), ['log_webhook_unreachable']],
    ['log-webhook runs with another secret', answered(401), ['log_webhook_secret']],
  ]

  test.each(NOT_TAKEN)('is told when it does not arrive: %s', async (_, misbehaves, expected) => {
    await using front = await startFront()
    front.misbehaves = misbehaves
    const report = await doctorReport(
      [front.url],
      optionsFor(() => ({}), {}, front),
    )
    expect(idsOf(report)).toEqual(expected)
    expect(report.findings[0]?.fix).toContain('npm run deploy')
    expect(JSON.stringify(report)).not.toContain(SECRET)
  })

  const sentTo = async (change: Change, env = {}) => {
    const sent: string[] = []
    const options = optionsFor(change, env)
    const fetch: typeof globalThis.fetch = (input, init) => {
      if (new Request(input, init).url.endsWith(PATH)) {
        sent.push(`${init?.body} ${new Headers(init?.headers).get('authorization')}`)
      }
      return options.fetch(input, init)
    }
    await doctorReport([front.url], { ...options, fetch })
    return sent
  }

  test('is no record, with the secret of the stream', async () => {
    expect(await sentTo(() => ({}))).toEqual([`[] Bearer ${SECRET}`])
    const former = sink({ httpAuthorization: FORMER_LOG_WEBHOOK_SECRET })
    const unknown = { LOG_WEBHOOK_SECRET: undefined }
    expect(await sentTo(former, unknown)).toEqual([`[] ${FORMER_LOG_WEBHOOK_SECRET}`])
    expect(await sentTo(sink({ httpAuthorization: '*****' }))).toEqual([`[] Bearer ${SECRET}`])
  })

  test('goes nowhere that the stream does not deliver to, nor with a secret that nobody knows', async () => {
    expect(await sentTo(() => ({ streams: [] }))).toEqual([])
    expect(await sentTo(() => ({}), { PUBLIC_URL: 'https://other.example' })).toEqual([])
    const unknown = { LOG_WEBHOOK_SECRET: undefined }
    expect(await sentTo(sink({ httpAuthorization: '*****' }), unknown)).toEqual([])
  })
})

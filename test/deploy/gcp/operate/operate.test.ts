import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createGcloud } from '../../../../deploy/gcp/gcloud.ts'
import { readFunctions } from '../../../../deploy/gcp/operate/revisions.ts'
import { VARIABLES, writeEnvFile } from '../../../support/google/deploy.ts'
import { type FakeCommands, fakeCommands } from '../../../support/google/fake-commands.ts'
import {
  type Deployed,
  operateHere,
  release,
  repliesFor,
  startWeb,
  type Web,
} from '../../../support/google/operated.ts'

const EARLIER = '2026-11-20T09:00:00Z'
const LAST = '2026-11-27T10:00:00Z'
const JUST_AFTER = '2026-11-27T10:04:00Z'
const MESSAGE = `chatgpt-auth0-gateway ${'a'.repeat(40)}`
const OLD_MESSAGE = `chatgpt-auth0-gateway ${'b'.repeat(40)} after 0ldshop`

let commands: FakeCommands
let web: Web
beforeEach(async () => {
  commands = fakeCommands(['gcloud'])
  web = await startWeb()
  web.releases = [release('v2', JUST_AFTER, MESSAGE), release('v1', EARLIER, OLD_MESSAGE)]
  for (const [path, status] of [
    ['/health', 200],
    ['/health/auth0', 200],
    ['/openapi.json', 200],
    ['/auth0-log-webhook', 401],
  ] as const)
    web.answers.set(path, { status })
})
afterEach(async () => {
  commands[Symbol.dispose]()
  await web[Symbol.asyncDispose]()
})

const twice = (id: string, times = [EARLIER, LAST]): Deployed => ({
  id,
  revisions: times.map((time, index) => [`${id}-0000${index + 1}`, time] as const),
  serving: `${id}-0000${times.length}`,
})
const ALL = ['gateway', 'log-webhook', 'metadata'].map((id) => twice(id))
const run = (command: 'status' | 'rollback', ...args: string[]) => {
  const file = writeEnvFile(commands.directory, { ...VARIABLES, PUBLIC_URL: web.url })
  const env = { FIREBASE_HOSTING_API_URL: web.url }
  return operateHere(command, [`--env-file=${file}`, ...args], { run: commands.run, env })
}
const changes = () =>
  commands
    .invocations()
    .map(({ args }) => args.join(' '))
    .filter((line) => line.includes('update-traffic'))

describe('npm run status', () => {
  test('prints what serves where, since when, and that it is healthy', async () => {
    commands.reply(...repliesFor(ALL))
    web.answers.set('/health', { status: 200, body: { status: 'ok', version: '0.2.0' } })
    const { code, stdout } = await run('status')
    expect(code).toBe(0)
    expect(stdout).toContain('Project acme-prod, region us-central1')
    expect(stdout).toContain('version 0.2.0')
    expect(stdout).toMatch(
      /gateway +gateway-00002 since 2026-11-27 10:00 UTC; deployed 2026-11-27 10:00 UTC; healthy/,
    )
    expect(stdout).toMatch(
      /Hosting +acme-prod: version v2 since 2026-11-27 10:04 UTC by dana@acme.example/,
    )
    expect(stdout).toContain('Healthy: everything is deployed and responds.')
  })

  test('prints the status as JSON with --json', async () => {
    commands.reply(...repliesFor(ALL))
    const { code, stdout } = await run('status', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      healthy: true,
      project: 'acme-prod',
      hosting: { site: 'acme-prod', version: 'v2' },
      functions: [
        {
          name: 'gateway',
          deployed: true,
          revision: 'gateway-00002',
          servingSince: LAST,
          servesLatest: true,
          health: { isHealthy: true, status: 200 },
        },
        { name: 'log-webhook', health: { isHealthy: true, status: 401 } },
        { name: 'metadata' },
      ],
    })
  })

  test.each([
    ['a function is missing', ALL.slice(1), {}, /gateway +not deployed/],
    ['Auth0 cannot be reached', ALL, { '/health/auth0': 503 }, /Auth0 +GET returned 503/],
    [
      'the gateway responds with an error',
      ALL,
      { '/openapi.json': 500 },
      /gateway .*GET returned 500/,
    ],
    [
      'log-webhook accepts unauthenticated requests',
      ALL,
      { '/auth0-log-webhook': 200 },
      /log-webhook .*POST returned 200/,
    ],
  ])('exits with 1 if %s', async (_, deployed, answers, text) => {
    commands.reply(...repliesFor(deployed))
    for (const [path, code] of Object.entries(answers)) web.answers.set(path, { status: code })
    const { code, stdout } = await run('status')
    expect(code).toBe(1)
    expect(stdout).toMatch(text)
  })

  test('lists a revision without traffic and other deployments', async () => {
    const elsewhere = { ...twice('gateway'), region: 'europe-west1' }
    const shop = { ...twice('web-shop'), labels: {} }
    const pinned = { ...twice('gateway'), serving: 'gateway-00001' }
    commands.reply(...repliesFor([pinned, ...ALL.slice(1), elsewhere, shop]))
    const { stdout } = await run('status')
    expect(stdout).toMatch(/gateway-00001 since .*gateway-00002 is newer and has no traffic/)
    expect(stdout).toContain('Other deployments in this project: gateway (europe-west1)\n')
  })

  test('succeeds if the Hosting site cannot be read', async () => {
    commands.reply(
      { line: 'auth print-access-token', code: 1, stderr: 'no login' },
      ...repliesFor(ALL),
    )
    const { code, stdout } = await run('status')
    expect(code).toBe(0)
    expect(stdout).toMatch(/Hosting +gcloud auth print-access-token: no login/)
  })
})

test('readFunctions separates the functions of deployments by their prefix', async () => {
  commands.reply(...repliesFor([...ALL, twice('staging-gateway')]))
  const place = { project: 'acme-prod', region: 'us-central1', prefix: 'staging-' }
  const { functions, others } = await readFunctions(place, createGcloud(commands.run))
  expect(functions.map(({ name, id }) => [name, id])).toEqual([['gateway', 'staging-gateway']])
  expect(others.map(({ id }) => id)).toEqual(['gateway', 'log-webhook', 'metadata'])
})

describe('npm run rollback', () => {
  test('prints the plan and changes nothing without --apply', async () => {
    commands.reply(...repliesFor(ALL))
    const { code, stdout } = await run('rollback')
    expect(code).toBe(0)
    expect(stdout).toContain(`# gateway: from gateway-00002 to gateway-00001 of ${EARLIER}`)
    expect(stdout).toContain(
      'gcloud run services update-traffic gateway --to-revisions=gateway-00001=100 --project=acme-prod --region=us-central1 --quiet',
    )
    expect(stdout).toContain(`# hosting: from v2 to v1 of ${EARLIER}`)
    expect(stdout).toContain('To apply it: npm run rollback -- ')
    expect(changes()).toEqual([])
    expect(web.released).toEqual([])
  })

  test('moves the traffic and releases the previous site version again with --apply', async () => {
    commands.reply(...repliesFor(ALL))
    const { code, stdout } = await run('rollback', '--apply')
    expect(code).toBe(0)
    expect(changes()).toEqual(
      ['gateway', 'log-webhook', 'metadata'].map((id) =>
        expect.stringContaining(`update-traffic ${id} --to-revisions=${id}-00001=100`),
      ),
    )
    expect(web.released).toEqual([
      {
        query: '?versionName=projects/acme-prod/sites/acme-prod/versions/v1',
        body: { message: OLD_MESSAGE },
      },
    ])
    expect(stdout).toContain('npm run rollback -- --to-latest --apply')
  })

  test('keeps functions that the last deployment did not change, unless they are given as arguments', async () => {
    const old = twice('metadata', ['2026-08-01T08:00:00Z', EARLIER])
    commands.reply(...repliesFor([...ALL.slice(0, 2), old]))
    const { stdout } = await run('rollback')
    expect(stdout).toContain(
      '# metadata: metadata-00002 is kept: the last deployment did not change',
    )
    expect(stdout).not.toContain('update-traffic metadata')

    for (const args of [['metadata'], ['--all']])
      expect((await run('rollback', ...args)).stdout).toContain('update-traffic metadata')
    expect((await run('rollback', 'metadata')).stdout).not.toContain('gateway')
  })

  test('skips a revision that never became ready', async () => {
    const revisions = [
      ['gateway-00001', EARLIER],
      ['gateway-00002', EARLIER.replace('09', '10'), false],
      ['gateway-00003', LAST],
    ] as const
    commands.reply(...repliesFor([{ id: 'gateway', revisions, serving: 'gateway-00003' }]))
    const { stdout } = await run('rollback', 'gateway')
    expect(stdout).toContain('--to-revisions=gateway-00001=100')
  })

  test('goes further back in a second run', async () => {
    const revisions = [1, 2, 3].map(
      (day) => [`gateway-${day}`, `2026-11-2${day}T00:00:00Z`] as const,
    )
    commands.reply(...repliesFor([{ id: 'gateway', revisions, serving: 'gateway-2' }]))
    web.releases = [
      { ...release('v2', '2026-11-22T00:00:00Z', MESSAGE), releaseTime: '2026-11-24T00:00:00Z' },
      release('v3', '2026-11-23T00:00:00Z', MESSAGE),
      release('v2', '2026-11-22T00:00:00Z', MESSAGE),
      release('v1', '2026-11-21T00:00:00Z', MESSAGE),
    ]
    const { stdout } = await run('rollback', '--all')
    expect(stdout).toContain('--to-revisions=gateway-1=100')
    expect(stdout).toContain('# hosting: from v2 to v1')
  })

  test('neither replaces nor restores a foreign release', async () => {
    commands.reply(...repliesFor(ALL))
    web.releases = [release('shop-412', LAST, 'Our web shop, release 412')]
    expect((await run('rollback')).stdout).toContain(
      '# hosting: shop-412 is kept: the live release of acme-prod was not made by this command',
    )
    web.releases = [
      release('v1', LAST, MESSAGE),
      release('shop-412', EARLIER, 'Our web shop, release 412'),
      release('staging', EARLIER, `chatgpt-auth0-gateway/staging ${'c'.repeat(40)}`),
    ]
    expect((await run('rollback')).stdout).toContain(
      '# hosting: v1 is kept: there is no older release',
    )
  })

  test('moves the traffic to the latest revision with --to-latest', async () => {
    const pinned = ALL.map((one) => ({ ...one, serving: `${one.id}-00001` }))
    commands.reply(...repliesFor(pinned))
    const { code } = await run('rollback', '--to-latest', '--apply')
    expect(code).toBe(0)
    expect(changes()).toHaveLength(3)
    expect(changes()[0]).toContain('update-traffic gateway --to-latest')
    expect(web.released).toEqual([])
  })

  test('fails if there is no older revision', async () => {
    commands.reply(...repliesFor(ALL.map(({ id }) => twice(id, [LAST]))))
    web.releases = [release('v2', LAST, MESSAGE)]
    const { code, stdout } = await run('rollback', '--apply')
    expect(code).toBe(1)
    expect(stdout).toContain('# gateway: gateway-00001 is kept: there is no older ready revision')
    expect(changes()).toEqual([])
  })

  test('prints what was rolled back and what was not after a failure', async () => {
    const refused = { line: 'update-traffic log-webhook', code: 1, stderr: 'PERMISSION_DENIED: no' }
    commands.reply(refused, ...repliesFor(ALL))
    const { code, stderr } = await run('rollback', '--apply')
    expect(code).toBe(1)
    expect(stderr).toContain('PERMISSION_DENIED: no')
    expect(stderr).toContain(
      'Rolled back: gateway. Not rolled back: log-webhook, metadata, hosting.',
    )
  })

  test('prints one JSON document with --json', async () => {
    commands.reply(...repliesFor(ALL))
    const { stdout } = await run('rollback', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      applied: false,
      plan: [{ part: 'gateway', from: 'gateway-00002', to: 'gateway-00001' }, {}, {}, { to: 'v1' }],
    })
  })
})

test.each([
  ['status', ['--aply']],
  ['status', ['gateway']],
  ['rollback', ['web-shop']],
  ['rollback', ['--all', 'gateway']],
] as const)('%s %j is a usage error and exits with 2', async (command, args) => {
  const { code, stderr } = await run(command, ...args)
  expect(code).toBe(2)
  expect(stderr).not.toBe('')
})

test.each(['status', 'rollback'] as const)('%s --help prints the usage', async (command) => {
  const { code, stdout } = await run(command, '--help')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^Usage: npm run/)
})

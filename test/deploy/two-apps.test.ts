import { once } from 'node:events'
import { mkdtempDisposableSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Built } from '../../deploy/build/build.ts'
import type { Run } from '../../deploy/gcp/command.ts'
import { LOG_WEBHOOK_PATH } from '../../shared/oauth/protected-resource.ts'
import { type LocalTenant, startLocalTenant } from '../support/auth0/local-tenant.ts'
import { MGMT_CLIENT_SECRET, provision } from '../support/auth0/provision.ts'
import { until } from '../support/auth0/tenant-admin.ts'
import { type BuiltFunctions, buildAll } from '../support/build.ts'
import { answerCommand, emptyProject } from '../support/cloud-project.ts'
import { runHere, VARIABLES, writeEnvFile } from '../support/google/deploy.ts'
import { listen } from '../support/http/listen.ts'

// Two apps in one project and one tenant, as in docs/environments.md. Each has its own prefix, site,
// PUBLIC_URL, audience and log webhook secret.

interface App {
  readonly variables: Readonly<Record<string, string>>
  /** The deliveries of the log stream: the secret, and the ids of registered clients. */
  readonly deliveries: { readonly authorization: string; readonly clients: readonly string[] }[]
}

const project = emptyProject()
const run: Run = async (command, options) => answerCommand(project, command, options?.stdin ?? '')
const directory = mkdtempDisposableSync(join(tmpdir(), 'two-apps-'))
const servers: AsyncDisposable[] = []
let built: BuiltFunctions
let tenant: LocalTenant
let first: App
let second: App
beforeAll(async () => {
  built = await buildAll()
  tenant = await startLocalTenant({
    management: { clientId: 'management', clientSecret: MGMT_CLIENT_SECRET },
  })
  await tenant.reset({ mode: 'strict', empty: true })
  project.sites['acme-second'] = []
  first = await startApp({ LOG_WEBHOOK_SECRET: 'first-secret-0123456789-0123456789-0123' })
  second = await startApp({
    GCP_PREFIX: 'second',
    HOSTING_SITE: 'acme-second',
    LOG_WEBHOOK_SECRET: 'second-secret-0123456789-0123456789-012',
  })
})
afterAll(async () => {
  for (const one of [...servers, built]) await one?.[Symbol.asyncDispose]()
  await tenant?.close()
  directory.remove()
})

async function startApp(own: Readonly<Record<string, string>>): Promise<App> {
  const deliveries: App['deliveries'] = []
  const server = createServer(async (req, res) => {
    const body: Buffer[] = []
    req.on('data', (chunk: Buffer) => body.push(chunk))
    await once(req, 'end')
    const text = Buffer.concat(body).toString()
    const clients = [...text.matchAll(/tpc_\w+/g)].map(([id]) => id)
    deliveries.push({ authorization: req.headers.authorization ?? '', clients })
    res.writeHead(req.url === LOG_WEBHOOK_PATH ? 200 : 404).end()
  })
  const listening = await listen(server)
  servers.push(listening)
  const { url } = listening
  const variables = {
    ...VARIABLES,
    GCP_REGION: 'us-central1',
    PUBLIC_URL: url,
    OAUTH_AUDIENCE: `${url}/mcp`,
    OAUTH_ISSUER: tenant.issuer,
    ...own,
  }
  return { variables, deliveries }
}

async function gcp(command: 'deploy' | 'destroy', { variables }: App, ...args: string[]) {
  const file = writeEnvFile(directory.path, variables)
  const places = [`--env-file=${file}`, `--dist=${directory.path}/dist`, '--skip=doctor']
  const build = async (name: string) => built.functions.get(name) as Built
  const result = await runHere(command, [...places, ...args], {}, run, build)
  expect(result).toMatchObject({ code: 0, stderr: '' })
  return result.stdout
}

async function auth0({ variables }: App) {
  const { PUBLIC_URL = '', OAUTH_AUDIENCE = '', LOG_WEBHOOK_SECRET = '' } = variables
  const result = await provision({
    domain: `localhost:${tenant.port}`,
    args: ['--apply'],
    env: {
      ...{ PUBLIC_URL, OAUTH_AUDIENCE, LOG_WEBHOOK_SECRET },
      TOOL_SCOPES_JSON: variables['TOOL_SCOPES_JSON'] ?? '',
      MGMT_CLIENT_ID: 'management',
      MGMT_CLIENT_SECRET,
    },
  })
  expect(result).toMatchObject({ exitCode: 0, stderr: '' })
  return result.stdout
}

const sinks = async () => {
  const streams = await tenant.management.logStreams.list()
  return streams.map(({ sink }) => sink as { readonly httpEndpoint?: string })
}
const endpointOf = ({ variables }: App) => `${variables['PUBLIC_URL']}${LOG_WEBHOOK_PATH}`
const namesIn = (given: object) => Object.keys(given).sort()
/** The part of the project that belongs to one app, as JSON. */
const partOf = (isSecond: boolean) =>
  JSON.stringify(
    [project.functions, project.invokers, project.secrets, project.accounts, project.sites].map(
      (kind) =>
        Object.entries(kind).filter(
          ([name]) => /second/.test(name.replace(/@.*/, '')) === isSecond,
        ),
    ),
  )

test('two apps are deployed with their own names, and a second run changes nothing', async () => {
  await gcp('deploy', first)
  const before = partOf(false)
  await gcp('deploy', second)
  expect(partOf(false)).toBe(before)
  const names = ['gateway', 'log-webhook', 'metadata']
  expect(namesIn(project.functions)).toEqual(
    [...names, ...names.map((name) => `second-${name}`)].map((name) => `us-central1/${name}`),
  )
  expect(project.secrets['LOG_WEBHOOK_SECRET']?.versions).toEqual([
    first.variables['LOG_WEBHOOK_SECRET'],
  ])
  expect(project.secrets['second-LOG_WEBHOOK_SECRET']?.versions).toEqual([
    second.variables['LOG_WEBHOOK_SECRET'],
  ])
  for (const app of [first, second]) {
    expect(await gcp('deploy', app)).toContain('Nothing to change.')
  }
})

test('two apps provision their own log stream and API in the tenant', async () => {
  await auth0(first)
  const streams = await sinks()
  await auth0(second)
  expect(await sinks()).toEqual([...streams, expect.anything()])
  expect((await sinks()).map(({ httpEndpoint }) => httpEndpoint)).toEqual(
    [first, second].map(endpointOf),
  )
  const { resourceServers } = await tenant.admin.state()
  const audiences = [first, second].map(({ variables }) => variables['OAUTH_AUDIENCE'])
  expect(resourceServers.map(({ identifier }) => identifier)).toEqual(
    expect.arrayContaining(audiences),
  )
  for (const app of [first, second]) expect(await auth0(app)).toContain('Nothing to do')
})

const deliveredTo = (app: App, clientId: string) =>
  until(
    async () => app.deliveries.some(({ clients }) => clients.includes(clientId)),
    'the client is delivered',
  )

test('two apps get each registration with their own log webhook secret', async () => {
  const clientId = await tenant.registered()
  for (const app of [first, second]) {
    await deliveredTo(app, clientId)
    const authorizations = app.deliveries.map(({ authorization }) =>
      authorization.replace(/^Bearer /, ''),
    )
    expect(new Set(authorizations)).toEqual(new Set([app.variables['LOG_WEBHOOK_SECRET']]))
  }
})

test('destroy of one app does not change the other', async () => {
  const before = partOf(false)
  const kept = { site: project.sites['acme-prod']?.slice(), apis: project.apis.slice() }
  await gcp('destroy', second, '--apply')
  expect(partOf(false)).toBe(before)
  expect({ site: project.sites['acme-prod'], apis: project.apis }).toEqual(kept)
  const left = [project.functions, project.invokers, project.secrets, project.accounts]
  expect(left.flatMap(namesIn).filter((name) => name.includes('second'))).toEqual([])
  expect(project.sites['acme-second']?.at(-1)).toBeNull()

  expect(await gcp('deploy', first)).toContain('Nothing to change.')
  expect(await auth0(first)).toContain(`= keep  log-stream  ${endpointOf(first)}`)
  const clientId = await tenant.registered()
  await deliveredTo(first, clientId)
})

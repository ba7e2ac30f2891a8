import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Built } from '../../deploy/build/build.ts'
import { deployCommand } from '../../deploy/commands/deploy.ts'
import type { GcpIo } from '../../deploy/commands/gcp-io.ts'
import { rollbackCommand } from '../../deploy/commands/rollback.ts'
import { rotateSecretCommand } from '../../deploy/commands/rotate-secret.ts'
import { createRun } from '../../deploy/gcp/command.ts'
import { runCommand } from '../../deploy/kit/run-command.ts'
import { type LocalTenant, startLocalTenant } from '../support/auth0/local-tenant.ts'
import { MGMT_CLIENT_SECRET, provision } from '../support/auth0/provision.ts'
import { type BuiltFunctions, buildAll } from '../support/build.ts'
import { VARIABLES, writeEnvFile } from '../support/google/deploy.ts'
import { type GoogleCloud, startGoogleCloud } from '../support/google/google-cloud.ts'

// Runs the real gcloud against a fake of Google's APIs, with the log stream of the Auth0 emulator.
const isWanted = process.env['CI'] !== undefined
const isInstalled = isWanted && spawnSync('gcloud', ['version']).status === 0
if (!isInstalled) {
  const why = isWanted ? 'gcloud is not installed' : 'CI is not set'
  process.stderr.write(`\nSKIPPED: rotations with the real gcloud, ${why}\n\n`)
}

const PLACE = 'projects/acme-prod/locations/us-central1'
const FIRST = 'first-secret-0123456789-0123456789-0123'

describe.skipIf(!isInstalled)('secret rotation with the real gcloud', { timeout: 600_000 }, () => {
  let directory: string
  let cloud: GoogleCloud
  let tenant: LocalTenant
  let built: BuiltFunctions
  let file: string
  const variables = () => ({
    ...VARIABLES,
    GCP_REGION: 'us-central1',
    MGMT_DOMAIN: `localhost:${tenant.port}`,
    MGMT_CLIENT_ID: 'management',
    MGMT_CLIENT_SECRET,
    LOG_WEBHOOK_SECRET: FIRST,
  })
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'rotate-'))
    built = await buildAll(['gateway', 'log-webhook'])
    cloud = await startGoogleCloud(join(directory, 'config'))
    tenant = await startLocalTenant({
      management: { clientId: 'management', clientSecret: MGMT_CLIENT_SECRET },
    })
    file = writeEnvFile(directory, variables())
    const { PUBLIC_URL = '' } = VARIABLES
    const { MGMT_CLIENT_ID } = variables()
    const provisioned = await provision({
      domain: `localhost:${tenant.port}`,
      args: ['--apply'],
      env: { PUBLIC_URL, MGMT_CLIENT_ID, LOG_WEBHOOK_SECRET: FIRST },
    })
    expect(provisioned).toMatchObject({ exitCode: 0 })
  })
  afterAll(async () => {
    await cloud?.[Symbol.asyncDispose]()
    await tenant?.close()
    await built?.[Symbol.asyncDispose]()
    if (directory !== undefined) rmSync(directory, { recursive: true })
  })

  /** Runs the command. Returns its output, with the error message at the end. */
  async function run(
    command: typeof deployCommand | typeof rotateSecretCommand | typeof rollbackCommand,
    ...args: string[]
  ): Promise<string> {
    const { PATH = '', HOME = '' } = process.env
    const env = { PATH, HOME, ...cloud.env }
    let output = ''
    const write = (text: string) => {
      output += text
    }
    const build = async (name: string) => built.functions.get(name) as Built
    const all = [...args, `--env-file=${file}`]
    if (command !== rollbackCommand) all.push(`--dist=${directory}/dist`)
    const io = { env: {}, run: createRun(env), build, fetch, write, writeError: write }
    await runCommand<GcpIo>(command, { ...io, args: all })
    return output
  }

  const versions = (secret: string) =>
    [...cloud.resources]
      .filter(([name]) => name.startsWith(`projects/acme-prod/secrets/${secret}/versions/`))
      .map(([, { state, payload }]) => {
        const { data } = (payload ?? {}) as { readonly data?: string }
        return data === undefined ? state : Buffer.from(data, 'base64').toString()
      })
  const pinnedVersion = (name: string, secret: string) => {
    const described = cloud.resources.get(`${PLACE}/functions/${name}`)
    const config = described?.['serviceConfig'] as {
      readonly secretEnvironmentVariables: readonly {
        readonly key: string
        readonly version: string
      }[]
    }
    return config.secretEnvironmentVariables.find(({ key }) => key === secret)?.version
  }
  const sentByStream = async () => {
    const [stream] = await tenant.management.logStreams.list()
    const sink = stream?.sink as { readonly httpAuthorization?: string } | undefined
    return sink?.httpAuthorization
  }

  test('rotates LOG_WEBHOOK_SECRET in the function and in the log stream', async () => {
    expect(await run(deployCommand, 'log-webhook')).toContain('Deployed.')
    expect(versions('LOG_WEBHOOK_SECRET')).toEqual([FIRST])
    const output = await run(rotateSecretCommand, 'LOG_WEBHOOK_SECRET', '--apply')
    expect(output).toContain('LOG_WEBHOOK_SECRET is rotated.')
    const [, both = '', made = ''] = versions('LOG_WEBHOOK_SECRET') as string[]
    expect(both).toBe(`${made},${FIRST}`)
    expect(await sentByStream()).toBe(made)
    expect(pinnedVersion('log-webhook', 'LOG_WEBHOOK_SECRET')).toBe('3')
    expect(output).not.toContain(made)
    expect(readFileSync(file, 'utf8')).toContain(made)
  })

  test('destroys versions that no function uses with --keep-versions', async () => {
    expect(await run(deployCommand, 'log-webhook', '--keep-versions=1')).toContain('Deployed.')
    expect(versions('LOG_WEBHOOK_SECRET')).toEqual(['DESTROYED', 'DESTROYED', expect.any(String)])
    expect(versions('MGMT_CLIENT_SECRET')).toEqual([MGMT_CLIENT_SECRET])
    expect(await run(deployCommand, 'log-webhook', '--keep-versions=1')).toContain(
      'Nothing to change',
    )
  })

  test('requires --move-traffic for a deployment after a rollback', async () => {
    const traffic = () => {
      const spec = cloud.resources.get(`${PLACE}/services/log-webhook`)?.['spec']
      return (spec as { readonly traffic?: unknown } | undefined)?.traffic
    }
    await run(rollbackCommand, 'log-webhook', '--apply')
    expect(traffic()).toEqual([expect.objectContaining({ percent: 100 })])
    expect(JSON.stringify(traffic())).not.toContain('latestRevision')
    expect(await run(deployCommand, 'log-webhook')).toContain(
      'Traffic is pinned to earlier revisions',
    )
    expect(await run(deployCommand, 'log-webhook', '--move-traffic')).toContain('Deployed.')
    expect(traffic()).toEqual([expect.objectContaining({ latestRevision: true, percent: 100 })])
  })

  test('rotates GATEWAY_HMAC_SECRET in three steps', async () => {
    expect(await run(deployCommand, 'gateway')).toContain('Deployed.')
    const [old = ''] = versions('GATEWAY_HMAC_SECRET') as string[]
    for (const _ of Array(3)) await run(rotateSecretCommand, 'GATEWAY_HMAC_SECRET', '--apply')
    const stored = versions('GATEWAY_HMAC_SECRET') as string[]
    const made = stored.at(-1) ?? ''
    expect(made).toMatch(/^[0-9a-f]{64}$/)
    expect(stored).toEqual([old, `${old},${made}`, `${made},${old}`, made])
    expect(pinnedVersion('gateway', 'GATEWAY_HMAC_SECRET')).toBe('4')
  })
})

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommand, SECRETS, VARIABLES, writeEnvFile } from '../../support/google/deploy.ts'
import {
  type ApiRequest,
  type GoogleCloud,
  startGoogleCloud,
} from '../../support/google/google-cloud.ts'

// Runs the real gcloud against a fake of Google's APIs. Shows that gcloud accepts every command and
// flag and which requests it sends. Each command takes a second, so this runs only in CI.
const isWanted = process.env['CI'] !== undefined
const isInstalled = isWanted && spawnSync('gcloud', ['version']).status === 0
if (!isInstalled) {
  const why = isWanted ? 'gcloud is not installed' : 'CI is not set'
  process.stderr.write(`\nSKIPPED: the tests with the real gcloud, ${why}\n\n`)
}

const BACKEND = 'projects/acme-prod/locations/us-central1'
const ACCOUNT = 'gateway-function@acme-prod.iam.gserviceaccount.com'

describe.skipIf(!isInstalled)(
  'deploy and destroy with the real gcloud',
  { timeout: 600_000 },
  () => {
    let directory: string
    let cloud: GoogleCloud
    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), 'gcloud-'))
      cloud = await startGoogleCloud(join(directory, 'config'))
      // A backend that another project deployed.
      const service = `${BACKEND}/services/listevents`
      const name = `${BACKEND}/functions/listEvents`
      cloud.resources.set(name, { name, state: 'ACTIVE', serviceConfig: { service } })
      cloud.resources.set('services', { enabled: ['cloudfunctions.googleapis.com'] })
    })
    afterAll(async () => {
      await cloud?.[Symbol.asyncDispose]()
      if (directory !== undefined) rmSync(directory, { recursive: true })
    })

    async function run(
      command: 'deploy' | 'destroy',
      args: readonly string[],
      variables: Readonly<Record<string, string>> = {},
    ): Promise<ApiRequest[]> {
      const file = writeEnvFile(directory, { ...VARIABLES, BACKEND_AUTH: 'google', ...variables })
      const places = [`--env-file=${file}`, `--dist=${directory}/dist`]
      const before = cloud.writes().length
      const { PATH = '', HOME = '' } = process.env
      const result = await runCommand(command, [...places, ...args], { PATH, HOME, ...cloud.env })
      expect(result).toMatchObject({ code: 0, stderr: '' })
      for (const secret of Object.values(SECRETS)) expect(result.stdout).not.toContain(secret)
      return cloud.writes().slice(before)
    }

    const titles = (writes: readonly ApiRequest[]) =>
      writes.map(({ api, path }) => `${api} ${path.replace(/^v\d\/(projects\/acme-prod\/)?/, '')}`)
    const bindingsOf = (request: ApiRequest | undefined) =>
      (request?.json as { policy?: { bindings?: unknown } } | undefined)?.policy?.bindings

    test('deploy creates the gateway with its account, secret and permissions', async () => {
      const writes = await run('deploy', ['gateway'])

      expect(titles(writes)).toEqual([
        'serviceusage services:batchEnable',
        'iam serviceAccounts',
        'secretmanager secrets',
        'secretmanager secrets/GATEWAY_HMAC_SECRET:addVersion',
        'secretmanager secrets/GATEWAY_HMAC_SECRET:setIamPolicy',
        'cloudfunctions locations/us-central1/functions',
        'run locations/us-central1/services/gateway:setIamPolicy',
        'run locations/us-central1/services/listevents:setIamPolicy',
      ])
      const [, account, secret, version, access, created, opened, invoker] = writes
      expect(account?.json).toMatchObject({ accountId: 'gateway-function' })
      expect(secret?.json).toMatchObject({
        labels: { 'made-by': 'chatgpt-auth0-gateway' },
        replication: { automatic: {} },
      })
      expect(version?.json).toMatchObject({
        payload: { data: Buffer.from(SECRETS.GATEWAY_HMAC_SECRET).toString('base64') },
      })
      expect(bindingsOf(access)).toEqual([
        { role: 'roles/secretmanager.secretAccessor', members: [`serviceAccount:${ACCOUNT}`] },
      ])
      expect(created?.query.get('functionId')).toBe('gateway')
      expect(created?.json).toMatchObject({
        buildConfig: { runtime: 'nodejs24', entryPoint: 'gateway' },
        labels: { 'made-by': 'chatgpt-auth0-gateway' },
        serviceConfig: {
          availableCpu: '1',
          availableMemory: '512Mi',
          environmentVariables: {
            BACKEND_AUTH: 'google',
            FUNCTIONS_BASE: VARIABLES['FUNCTIONS_BASE'],
            GOOGLE_CLOUD_PROJECT: 'acme-prod',
            OAUTH_ISSUER: VARIABLES['OAUTH_ISSUER'],
            PUBLIC_URL: VARIABLES['PUBLIC_URL'],
            TOOLS_FILE: 'catalogue.json',
          },
          ingressSettings: 'ALLOW_ALL',
          maxInstanceCount: 10,
          maxInstanceRequestConcurrency: 80,
          minInstanceCount: 0,
          secretEnvironmentVariables: [
            { key: 'GATEWAY_HMAC_SECRET', secret: 'GATEWAY_HMAC_SECRET', version: '1' },
          ],
          serviceAccountEmail: ACCOUNT,
          timeoutSeconds: 58,
        },
      })
      expect(bindingsOf(opened)).toEqual([{ role: 'roles/run.invoker', members: ['allUsers'] }])
      expect(bindingsOf(invoker)).toEqual([
        { role: 'roles/run.invoker', members: [`serviceAccount:${ACCOUNT}`] },
      ])
    })

    test('deploy uploads the built directory without node_modules', () => {
      const upload = cloud.requests.findLast(({ api }) => api === 'upload')
      const names = zipNames(upload?.bytes ?? Buffer.alloc(0))
      expect(names).toEqual(
        expect.arrayContaining(['index.js', 'package.json', 'package-lock.json', 'LICENCES.txt']),
      )
      expect(names.filter((name) => name.includes('node_modules'))).toEqual([])
      expect(upload?.bytes.length).toBeLessThan(1_000_000)
    })

    test('deploy changes nothing in a second run', async () => {
      expect(titles(await run('deploy', ['gateway']))).toEqual([])
    })

    test('deploy creates a secret version and a revision for a changed secret', async () => {
      const changed = 'another-value-0123456789-0123456789-0123'
      const writes = await run('deploy', ['gateway'], { GATEWAY_HMAC_SECRET: changed })
      expect(titles(writes)).toEqual([
        'secretmanager secrets/GATEWAY_HMAC_SECRET:addVersion',
        'cloudfunctions locations/us-central1/functions/gateway',
      ])
      expect(writes[1]?.query.get('updateMask')).toContain('secret_environment_variables')
      expect(writes[1]?.json).toMatchObject({
        serviceConfig: { secretEnvironmentVariables: [{ version: '2' }] },
      })
    })

    test('destroy deletes only what deploy created', async () => {
      const writes = await run('destroy', ['--yes', '--skip=hosting'])
      expect(titles(writes)).toEqual([
        'run locations/us-central1/services/listevents:setIamPolicy',
        'cloudfunctions locations/us-central1/functions/gateway',
        'secretmanager secrets/GATEWAY_HMAC_SECRET',
        `iam projects/-/serviceAccounts/${ACCOUNT}`,
      ])
      expect(bindingsOf(writes[0]) ?? []).toEqual([])
      expect(writes.slice(1).map(({ method }) => method)).toEqual(['DELETE', 'DELETE', 'DELETE'])
      expect([...cloud.resources.keys()].filter((name) => /\/functions\//.test(name))).toEqual([
        `${BACKEND}/functions/listEvents`,
      ])
    })
  },
)

/** The names in a zip file's central directory (APPNOTE 4.3.12). */
function zipNames(zip: Buffer): string[] {
  const names: string[] = []
  for (let at = zip.indexOf('PK\x01\x02'); at >= 0; at = zip.indexOf('PK\x01\x02', at + 4)) {
    names.push(zip.toString('utf8', at + 46, at + 46 + zip.readUInt16LE(at + 28)))
  }
  return names
}

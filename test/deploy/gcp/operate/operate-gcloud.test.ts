import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json as readJson } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { createRun } from '../../../../deploy/gcp/command.ts'
import { VARIABLES, writeEnvFile } from '../../../support/google/deploy.ts'
import { operateHere } from '../../../support/google/operated.ts'
import { listen } from '../../../support/http/listen.ts'

// Runs the real gcloud against a fake of the APIs of Cloud Functions and Cloud Run.
const isWanted = process.env['CI'] !== undefined
const isInstalled = isWanted && spawnSync('gcloud', ['version']).status === 0
if (!isInstalled) {
  const why = isWanted ? 'gcloud is not installed' : 'CI is not set'
  process.stderr.write(`\nSKIPPED: status and rollback with the real gcloud, ${why}\n\n`)
}

const PLACE = 'projects/acme-prod/locations/us-central1'
const READY = [{ type: 'Ready', status: 'True' }]
const KNATIVE = { apiVersion: 'serving.knative.dev/v1' }

/** Starts APIs with one function and two revisions. The newer revision serves. */
async function startRun(configDirectory: string) {
  let traffic: unknown = [{ latestRevision: true, percent: 100 }]
  const writes: unknown[] = []
  const service = () => ({
    ...KNATIVE,
    kind: 'Service',
    metadata: { name: 'gateway', namespace: '123456789', generation: 2 },
    spec: { template: { spec: { containers: [{ image: 'gateway' }] } }, traffic },
    status: {
      observedGeneration: 2,
      conditions: ['Ready', 'ConfigurationsReady', 'RoutesReady'].map((type) => ({
        type,
        status: 'True',
      })),
      latestReadyRevisionName: 'gateway-00002',
      traffic: (traffic as { revisionName?: string }[]).map((target) => ({
        revisionName: 'gateway-00002',
        ...target,
      })),
      url: 'https://gateway-123456789.us-central1.run.app',
    },
  })
  const revision = (name: string, creationTimestamp: string) => ({
    ...KNATIVE,
    kind: 'Revision',
    metadata: { name, creationTimestamp, labels: { 'serving.knative.dev/service': 'gateway' } },
    spec: { containers: [{ image: 'gateway' }] },
    status: { conditions: READY },
  })
  const answers: Readonly<Record<string, () => unknown>> = {
    functions: () => ({
      functions: [
        {
          name: `${PLACE}/functions/gateway`,
          environment: 'GEN_2',
          state: 'ACTIVE',
          updateTime: '2026-11-27T10:00:00Z',
          labels: { 'made-by': 'chatgpt-auth0-gateway' },
          serviceConfig: { service: `${PLACE}/services/gateway` },
        },
      ],
    }),
    revisions: () => ({
      metadata: {},
      items: [
        revision('gateway-00001', '2026-11-20T09:00:00Z'),
        revision('gateway-00002', '2026-11-27T10:00:00Z'),
      ],
    }),
    gateway: service,
    // The API of Firebase Hosting.
    sites: () => ({ sites: [] }),
  }
  const server = createServer(async (req, res) => {
    const { pathname } = new URL(req.url ?? '', 'http://google')
    if (req.method === 'PUT') {
      const sent = (await readJson(req)) as { readonly spec: { readonly traffic: unknown } }
      traffic = sent.spec.traffic
      writes.push(traffic)
    }
    const answer = answers[pathname.split('/').at(-1) ?? '']?.()
    res.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
    res.end(JSON.stringify(answer ?? { error: { code: 404, status: 'NOT_FOUND' } }))
  })
  const { url, host, [Symbol.asyncDispose]: dispose } = await listen(server)
  const env = {
    CLOUDSDK_CONFIG: configDirectory,
    CLOUDSDK_AUTH_ACCESS_TOKEN: 'an-access-token',
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
    CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDFUNCTIONS: `${url}/cloudfunctions/`,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN: 'http://run.test/',
    // gcloud puts the region before the host: us-central1-run.test.
    CLOUDSDK_PROXY_TYPE: 'http',
    CLOUDSDK_PROXY_ADDRESS: host.replace(/:.*/, ''),
    CLOUDSDK_PROXY_PORT: host.replace(/.*:/, ''),
    FIREBASE_HOSTING_API_URL: url,
  }
  return { env, writes, [Symbol.asyncDispose]: dispose }
}

describe.skipIf(!isInstalled)(
  'status and rollback with the real gcloud',
  { timeout: 600_000 },
  () => {
    test('rollback moves the traffic, status shows it and --to-latest moves it back', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'operate-'))
      await using cloud = await startRun(join(directory, 'config'))
      const { PATH = '', HOME = '' } = process.env
      const env = { PATH, HOME, ...cloud.env }
      const { PUBLIC_URL: _, ...variables } = VARIABLES
      const file = writeEnvFile(directory, variables)
      const run = (command: 'status' | 'rollback', ...args: string[]) =>
        operateHere(command, [`--env-file=${file}`, ...args], { run: createRun(env), env })

      const rolledBack = await run('rollback', '--apply')
      expect(rolledBack).toMatchObject({ code: 0, stderr: '' })
      expect(cloud.writes).toEqual([[{ percent: 100, revisionName: 'gateway-00001' }]])

      const { stdout } = await run('status')
      expect(stdout).toMatch(
        /gateway +gateway-00001 since .*gateway-00002 is newer and has no traffic/,
      )

      await run('rollback', '--to-latest', '--apply')
      expect(cloud.writes[1]).toEqual([{ latestRevision: true, percent: 100 }])
      rmSync(directory, { recursive: true })
    })
  },
)

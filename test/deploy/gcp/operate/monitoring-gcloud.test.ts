import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRun } from '../../../../deploy/gcp/command.ts'
import { createGcloud } from '../../../../deploy/gcp/gcloud.ts'
import { monitoringRemoval } from '../../../../deploy/gcp/monitoring/prepare.ts'
import { runSteps } from '../../../../deploy/gcp/run-steps.ts'
import { runCommand, VARIABLES, writeEnvFile } from '../../../support/google/deploy.ts'
import {
  type GoogleMonitoring,
  startGoogleMonitoring,
} from '../../../support/google/google-monitoring.ts'

// Runs the real gcloud against a fake of Google's APIs. Each command takes a second or two, so this
// runs only in CI.
const isWanted = process.env['CI'] !== undefined
const isInstalled = isWanted && spawnSync('gcloud', ['version']).status === 0
if (!isInstalled) {
  const why = isWanted ? 'gcloud is not installed' : 'CI is not set'
  process.stderr.write(`\nSKIPPED: monitoring with the real gcloud, ${why}\n\n`)
}

describe.skipIf(!isInstalled)('monitoring with the real gcloud', { timeout: 600_000 }, () => {
  let directory: string
  let cloud: GoogleMonitoring
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'monitoring-'))
    cloud = await startGoogleMonitoring(join(directory, 'config'))
  })
  afterAll(async () => {
    await cloud?.[Symbol.asyncDispose]()
    if (directory !== undefined) rmSync(directory, { recursive: true })
  })

  async function deploy(variables: Readonly<Record<string, string>> = {}) {
    const file = writeEnvFile(directory, { ...VARIABLES, ...variables })
    const before = cloud.writes().length
    const { PATH = '', HOME = '' } = process.env
    const places = [`--env-file=${file}`, `--dist=${directory}/dist`]
    const args = ['--only=monitoring', ...places]
    const result = await runCommand('deploy', args, { PATH, HOME, ...cloud.env })
    expect(result).toMatchObject({ code: 0, stderr: '' })
    return cloud.writes().slice(before)
  }
  const kinds = () => {
    const names = [...cloud.resources.keys()].map((name) => name.split('/').at(-2) ?? '')
    return Object.fromEntries(
      [...new Set(names)].map((kind) => [kind, names.filter((name) => name === kind).length]),
    )
  }

  test('deploy creates the resource of every file', async () => {
    await deploy()
    expect(kinds()).toEqual({ metrics: 12, uptimeCheckConfigs: 1, dashboards: 1, alertPolicies: 6 })
  })

  test('the created resources contain the settings of the files', () => {
    const resource = (name: string) => cloud.resources.get(`projects/acme-prod/${name}`)
    expect(resource('metrics/mcp-tool-latency')).toMatchObject({
      name: 'mcp-tool-latency',
      filter: [
        'resource.type="cloud_run_revision"',
        'resource.labels.service_name="gateway"',
        'jsonPayload.message="tool_answered"',
      ].join('\n'),
      valueExtractor: 'EXTRACT(jsonPayload.ms)',
      labelExtractors: { tool: 'EXTRACT(jsonPayload.tool)' },
      metricDescriptor: { metricKind: 'DELTA', valueType: 'DISTRIBUTION', unit: 'ms' },
      bucketOptions: { exponentialBuckets: { numFiniteBuckets: 28, growthFactor: 1.5, scale: 1 } },
    })
    expect(resource('dashboards/mcp')).toMatchObject({
      displayName: 'mcp',
      labels: { 'made-by': 'chatgpt-auth0-gateway', deployment: 'mcp', part: 'dashboard' },
    })
    const check = [...cloud.resources].find(([name]) => name.includes('uptimeCheckConfigs'))?.[1]
    expect(check).toMatchObject({
      httpCheck: { path: '/health/auth0', useSsl: true, validateSsl: true, port: 443 },
      monitoredResource: {
        type: 'uptime_url',
        labels: { host: 'mcp.acme.example', project_id: 'acme-prod' },
      },
      period: '300s',
      timeout: '30s',
      selectedRegions: ['USA_VIRGINIA', 'EUROPE', 'ASIA_PACIFIC'],
      userLabels: { 'made-by': 'chatgpt-auth0-gateway', part: 'uptime' },
    })
    const policies = [...cloud.resources].filter(([name]) => name.includes('alertPolicies'))
    const rate = policies.find(([, policy]) => String(policy['displayName']).includes('5 %'))?.[1]
    expect(rate).toMatchObject({
      severity: 'ERROR',
      userLabels: { part: 'error-rate' },
      conditions: [
        {
          conditionPrometheusQueryLanguage: {
            query: expect.stringContaining('logging_googleapis_com:user_mcp_tool_answers{'),
          },
        },
      ],
    })
  })

  test('deploy changes nothing in a second run', async () => {
    expect(await deploy()).toEqual([])
  })

  test('deploy updates the resources for another domain and other notification channels', async () => {
    const writes = await deploy({
      PUBLIC_URL: 'https://mcp.acme.test',
      GCP_ALERT_CHANNELS: '42',
    })
    expect(writes.map(({ method, path }) => `${method} ${path.split('/')[3]}`).sort()).toEqual([
      'DELETE uptimeCheckConfigs',
      ...Array<string>(6).fill('PATCH alertPolicies'),
      'POST uptimeCheckConfigs',
    ])
    for (const { json } of writes.filter(({ method }) => method === 'PATCH'))
      expect(json['notificationChannels']).toEqual(['projects/acme-prod/notificationChannels/42'])
    expect(await deploy({ PUBLIC_URL: 'https://mcp.acme.test', GCP_ALERT_CHANNELS: '42' })).toEqual(
      [],
    )
  })

  test('the removal deletes all resources of the deployment and no others', async () => {
    const foreign = 'projects/acme-prod/alertPolicies/of-the-web-shop'
    cloud.resources.set(foreign, { name: foreign, displayName: 'Web shop' })
    const { PATH = '', HOME = '' } = process.env
    const run = createRun({ PATH, HOME, ...cloud.env })
    const write = () => undefined
    const steps = await monitoringRemoval({ project: 'acme-prod' }, createGcloud(run), write)
    await runSteps(steps, { run, write, again: '' })
    expect([...cloud.resources.keys()]).toEqual([foreign])
  })
})

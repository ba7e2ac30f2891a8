import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Gcloud } from '../../../../deploy/gcp/gcloud.ts'
import type { Json } from '../../../../deploy/gcp/json.ts'
import {
  describeMetric,
  type Instance,
  labelsOf,
  readDesiredResources,
} from '../../../../deploy/gcp/monitoring/files.ts'
import { planMonitoring, planMonitoringRemoval } from '../../../../deploy/gcp/monitoring/plan.ts'
import { monitoringSteps } from '../../../../deploy/gcp/monitoring/prepare.ts'
import { readMonitoring } from '../../../../deploy/gcp/monitoring/state.ts'
import { runHere, writeEnvFile } from '../../../support/google/deploy.ts'
import { fakeCommands } from '../../../support/google/fake-commands.ts'

const URL = 'https://mcp.acme.example'
const PRODUCTION: Instance = { project: 'acme-prod' }
const STAGING: Instance = { project: 'acme-prod', prefix: 'staging-' }
const SERVICES = ['logging.googleapis.com', 'monitoring.googleapis.com']

let dist: string
beforeEach(() => {
  dist = mkdtempSync(join(tmpdir(), 'monitoring-'))
})
afterEach(() => rmSync(dist, { recursive: true }))

/** A gcloud for a project with the resources of these deployments. */
function gcloudWith(
  instances: readonly Instance[],
  { foreign = [] as readonly Json[] } = {},
): Gcloud {
  const all = instances.flatMap((instance) =>
    readDesiredResources(instance, URL, undefined).map((one) => ({ one, instance })),
  )
  const of = (kind: string, collection: string, key: string) =>
    all
      .filter(({ one }) => one.kind === kind)
      .map(({ one, instance }, index) => ({
        ...one.config,
        name: one.config['name'] ?? `projects/1/${collection}/${index}`,
        displayName: one.name,
        [key]: labelsOf(one, instance),
      }))
  const lists: Readonly<Record<string, readonly Json[]>> = {
    'services list': SERVICES.map((name) => ({ config: { name } })),
    'logging metrics': all
      .filter(({ one }) => one.kind === 'metric')
      .map(({ one, instance }) => ({ name: one.name, description: describeMetric(one, instance) })),
    'monitoring uptime': of('uptime', 'uptimeCheckConfigs', 'userLabels'),
    'monitoring dashboards': of('dashboard', 'dashboards', 'labels').map((board) => ({
      ...board,
      etag: 'e1',
    })),
    'alpha monitoring': [...of('policy', 'alertPolicies', 'userLabels'), ...foreign],
  }
  return {
    describe: async () => undefined,
    list: async (...args) => lists[args.slice(0, 2).join(' ')] ?? [],
  }
}

const titles = (steps: readonly { readonly title: string }[]) => steps.map(({ title }) => title)
const plan = async (instance: Instance, gcloud: Gcloud, url = URL) =>
  planMonitoring({
    instance,
    desired: readDesiredResources(instance, url, undefined),
    state: await readMonitoring(instance, gcloud),
    dist,
  })

describe('the monitoring files', () => {
  test.each([PRODUCTION, STAGING])(
    'contain no placeholders and use only existing metrics with %o',
    (at) => {
      const files = readDesiredResources(at, URL, undefined)
      const text = JSON.stringify(files)
      expect(text).not.toContain('${')
      const names = new Set(files.filter(({ kind }) => kind === 'metric').map(({ name }) => name))
      const used = [...text.matchAll(/googleapis\.com\/user\/([\w-]+)/g)].map(([, name]) => name)
      expect(used.length).toBeGreaterThan(10)
      for (const name of used) expect(names).toContain(name)
      const legacy = [...names].map((name) => name.replaceAll('-', '_'))
      const queried = [...text.matchAll(/logging_googleapis_com:user_(\w+)\{/g)].map(
        ([, name]) => name,
      )
      expect(queried.length).toBeGreaterThan(3)
      for (const name of queried) expect(legacy).toContain(name)
    },
  )

  test('filter by the services of their deployment', () => {
    const filters = (at: Instance) =>
      readDesiredResources(at, URL, undefined)
        .filter(({ kind }) => kind === 'metric')
        .map(({ config }) => String(config['filter']))
    for (const filter of filters(PRODUCTION)) expect(filter).not.toContain('staging-')
    for (const filter of filters(STAGING)) expect(filter).toMatch(/service_name=\(?"staging-/)
  })

  test('count decisions in tool_called and outcomes in tool_answered', () => {
    const filterOf = (name: string) =>
      String(
        readDesiredResources(PRODUCTION, URL, undefined).find(({ part }) => part === name)?.config[
          'filter'
        ],
      )
    expect(filterOf('tool-calls')).toContain('message="tool_called"')
    for (const name of ['tool-answers', 'tool-latency'])
      expect(filterOf(name)).toContain('message="tool_answered"')
    expect(filterOf('resource-reads')).toContain('message="resource_read"')
    expect(filterOf('backend-failures')).toContain('("tool_answered" OR "resource_answered")')
    expect(filterOf('refusals')).toContain(
      '("tool_called" OR "resource_read") AND jsonPayload.decision="denied"',
    )
  })
})

describe('the monitoring plan', () => {
  test('is empty if the deployment is up to date, even beside another deployment', async () => {
    expect(await plan(PRODUCTION, gcloudWith([PRODUCTION, STAGING]))).toEqual([])
    expect(await plan(STAGING, gcloudWith([PRODUCTION, STAGING]))).toEqual([])
  })

  test('enables the APIs of an empty project and creates metrics before policies', async () => {
    const steps = await plan(PRODUCTION, { describe: async () => undefined, list: async () => [] })
    expect(titles(steps)[0]).toBe('enable logging.googleapis.com and monitoring.googleapis.com')
    const kinds = titles(steps)
      .slice(1)
      .map((title) => title.split(' ').slice(2, 4).join(' '))
    expect([...new Set(kinds)]).toEqual([
      'log-based metric',
      'uptime check',
      expect.stringMatching(/^dashboard/),
      'alert policy',
    ])
  })

  test('updates the alert policies and replaces the uptime check for another domain', async () => {
    const steps = await plan(PRODUCTION, gcloudWith([PRODUCTION]), 'https://other.acme.example')
    expect(titles(steps)).toContain('create the uptime check mcp reaches Auth0')
    expect(titles(steps)).toContain('delete the uptime check mcp reaches Auth0')
    expect(titles(steps).filter((title) => title.includes('metric'))).toEqual([])
    expect(
      titles(steps).filter((title) => title.startsWith('update the alert policy')),
    ).not.toEqual([])
  })

  test('keeps manually set notification channels unless GCP_ALERT_CHANNELS is set', async () => {
    const channels = ['projects/acme-prod/notificationChannels/7']
    const real = gcloudWith([PRODUCTION])
    const edited: Gcloud = {
      ...real,
      list: async (...args) =>
        (await real.list(...args)).map((one) =>
          args[0] === 'alpha'
            ? {
                ...one,
                notificationChannels: channels,
                userLabels: { ...(one['userLabels'] as Json), digest: 'old' },
              }
            : one,
        ),
    }
    const written = (steps: Awaited<ReturnType<typeof plan>>) => {
      const files = steps.flatMap(({ command }) =>
        command.flatMap((arg) => /^--policy-from-file=(.*)/.exec(arg)?.[1] ?? []),
      )
      return files.map((path) => JSON.parse(readFileSync(path, 'utf8')).notificationChannels)
    }
    const kept = written(await plan(PRODUCTION, edited))
    expect(kept).toHaveLength(6)
    for (const one of kept) expect(one).toEqual(channels)
    const options = { instance: PRODUCTION, dist, dryRun: false, write: () => undefined }
    const variables = { PUBLIC_URL: URL, GCP_ALERT_CHANNELS: '42, 43' }
    const chosen = written(await monitoringSteps({ ...options, variables }, edited))
    expect(chosen).toHaveLength(6)
    for (const one of chosen)
      expect(one).toEqual(['42', '43'].map((id) => `projects/acme-prod/notificationChannels/${id}`))
    const faulty = { ...variables, GCP_ALERT_CHANNELS: 'a@b.example' }
    await expect(monitoringSteps({ ...options, variables: faulty }, edited)).rejects.toThrow(
      /GCP_ALERT_CHANNELS must be ids/,
    )
  })

  test('deletes resources that are no longer in the files', async () => {
    const userLabels = {
      'made-by': 'chatgpt-auth0-gateway',
      deployment: 'mcp',
      part: 'gone',
      digest: 'd',
    }
    const gone = { name: 'projects/1/alertPolicies/99', displayName: 'gone', userLabels }
    const steps = await plan(PRODUCTION, gcloudWith([PRODUCTION], { foreign: [gone] }))
    expect(steps.map(({ command }) => command.join(' '))).toEqual([
      'gcloud alpha monitoring policies delete projects/1/alertPolicies/99 --project=acme-prod --quiet',
    ])
  })

  test('rejects a foreign metric of the same name', async () => {
    const real = gcloudWith([])
    const gcloud: Gcloud = {
      ...real,
      list: async (...args) =>
        args[0] === 'logging'
          ? [{ name: 'mcp-tool-calls', description: 'Ours' }]
          : real.list(...args),
    }
    await expect(plan(PRODUCTION, gcloud)).rejects.toThrow(
      'The log-based metric mcp-tool-calls was not created by this command.',
    )
  })

  test('for a removal deletes all resources of one deployment and none of another', async () => {
    const state = await readMonitoring(STAGING, gcloudWith([PRODUCTION, STAGING]))
    const steps = planMonitoringRemoval(STAGING, state)
    expect(steps).toHaveLength(readDesiredResources(STAGING, URL, undefined).length)
    for (const title of titles(steps)) expect(title).toContain('staging-mcp')
    expect(titles(steps).at(0)).toContain('alert policy')
    expect(titles(steps).at(-1)).toContain('metric')
  })
})

describe('monitoring in npm run deploy and npm run destroy', () => {
  test('deploy changes only monitoring with --only=monitoring and does not change it with other parts', async () => {
    using commands = fakeCommands(['gcloud', 'firebase'])
    const file = writeEnvFile(commands.directory)
    const places = [`--env-file=${file}`, `--dist=${commands.directory}/dist`]
    const linesOf = async (...args: string[]) => {
      const before = commands.invocations().length
      const { code, stdout } = await runHere('deploy', [...places, ...args], {}, commands.run)
      expect(code).toBe(0)
      const lines = commands
        .invocations()
        .slice(before)
        .map((one) => one.args.join(' '))
      return {
        stdout,
        changes: lines.filter((line) => / (create|update|delete|enable|deploy) /.test(` ${line} `)),
      }
    }
    const dry = await linesOf('--only=monitoring', '--dry-run')
    expect(dry.changes).toEqual([])
    expect(dry.stdout).toMatch(
      /gcloud logging metrics create mcp-tool-calls[\s\S]*Dry run: 21 commands\./,
    )

    const { changes, stdout } = await linesOf('--only=monitoring')
    expect(changes).toHaveLength(21)
    for (const line of changes) expect(line).toMatch(/^(services enable|logging|monitoring|alpha)/)
    expect(stdout).toContain('Monitoring is deployed.')

    const others = await linesOf('--only=apis,secrets')
    expect(others.changes.join('\n')).not.toMatch(/monitoring|logging/)
  })

  test('destroy deletes the monitoring of its deployment only', async () => {
    const gcloud = gcloudWith([PRODUCTION, STAGING])
    const lists = [
      ['services', 'list'],
      ['logging', 'metrics', 'list'],
      ['monitoring', 'uptime', 'list-configs'],
      ['monitoring', 'dashboards', 'list'],
      ['alpha', 'monitoring', 'policies', 'list'],
    ]
    using commands = fakeCommands(['gcloud', 'firebase'])
    const replies = lists.map(async (args) => ({
      line: `^gcloud ${args.join(' ')} `,
      stdout: await gcloud.list(...args),
    }))
    commands.reply(...(await Promise.all(replies)))
    const file = writeEnvFile(commands.directory)
    const args = [
      `--env-file=${file}`,
      `--dist=${commands.directory}/dist`,
      '--skip=hosting',
      '--yes',
    ]
    const { code } = await runHere('destroy', args, {}, commands.run)
    expect(code).toBe(0)
    const lines = commands.invocations().map((one) => one.args.join(' '))
    const deleted = lines.filter((line) => line.includes(' delete '))
    expect(deleted).toHaveLength(20)
    for (const line of deleted) expect(line).not.toContain('staging')
    expect(deleted).toContain('logging metrics delete mcp-tool-calls --project=acme-prod --quiet')
  })
})

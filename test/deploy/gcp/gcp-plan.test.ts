import { describe, expect, test } from 'vitest'
import { planHosting } from '../../../deploy/gcp/hosting/plan.ts'
import { hostingConfig } from '../../../deploy/gcp/hosting/site.ts'
import { APIS } from '../../../deploy/gcp/names.ts'
import { type Backend, guessBackends, planBackends } from '../../../deploy/gcp/plan/backends.ts'
import { calledBackends } from '../../../deploy/gcp/plan/called-backends.ts'
import type { BuiltTarget } from '../../../deploy/gcp/plan/functions.ts'
import { type Deployment, planDeployment } from '../../../deploy/gcp/plan/plan.ts'
import type { Settings } from '../../../deploy/gcp/settings.ts'
import type { StoredSecret } from '../../../deploy/gcp/state/secrets.ts'
import type { DeployedFunction, State } from '../../../deploy/gcp/state/state.ts'
import { describeStep } from '../../../deploy/gcp/step.ts'
import { SECRETS } from '../../support/google/deploy.ts'

const VALUE = SECRETS.GATEWAY_HMAC_SECRET
const GATEWAY = 'serviceAccount:gateway-function@acme-prod.iam.gserviceaccount.com'
const settings: Settings = {
  project: 'acme-prod',
  region: 'us-central1',
  minInstances: 0,
  maxInstances: 10,
}
const target: BuiltTarget = {
  name: 'gateway',
  variables: { PUBLIC_URL: 'https://mcp.acme.example' },
  secrets: { GATEWAY_HMAC_SECRET: VALUE },
  directory: '/dist/gateway',
  digest: 'd1',
}
const service = {
  availableCpu: '1',
  availableMemory: '512Mi',
  maxInstanceRequestConcurrency: 80,
  timeoutSeconds: 58,
  ingressSettings: 'ALLOW_ALL',
  serviceAccountEmail: 'gateway-function@acme-prod.iam.gserviceaccount.com',
  maxInstanceCount: 10,
  environmentVariables: {
    PUBLIC_URL: 'https://mcp.acme.example',
    GOOGLE_CLOUD_PROJECT: 'acme-prod',
    LOG_EXECUTION_ID: 'true',
  },
  secretEnvironmentVariables: [
    { key: 'GATEWAY_HMAC_SECRET', secret: 'GATEWAY_HMAC_SECRET', version: '3', projectId: '1' },
  ],
}
const deployed: DeployedFunction = {
  isOurs: true,
  isActive: true,
  labels: { 'source-digest': 'd1' },
  entryPoint: 'gateway',
  runtime: 'nodejs24',
  service,
  isPublic: true,
}
const stored: StoredSecret = {
  isOurs: true,
  latest: { version: '3', value: VALUE },
  readers: [GATEWAY],
}

function planOf(
  differences: {
    readonly target?: Partial<BuiltTarget>
    readonly deployed?: Partial<DeployedFunction>
    readonly stored?: Partial<StoredSecret>
    readonly settings?: Partial<Settings>
    readonly state?: Partial<State>
  } = {},
): string[] {
  const state: State = {
    apis: new Set(APIS),
    functions: new Map([['gateway', { ...deployed, ...differences.deployed }]]),
    accounts: new Map([[service.serviceAccountEmail, true]]),
    secrets: new Map([['GATEWAY_HMAC_SECRET', { ...stored, ...differences.stored }]]),
    ...differences.state,
  }
  const deployment: Deployment = {
    targets: [{ ...target, ...differences.target }],
    settings: { ...settings, ...differences.settings },
    state,
    backends: [],
    site: undefined,
  }
  return planDeployment(deployment).map(describeStep)
}

test('the plan is empty if the deployment is up to date', () => {
  expect(planOf()).toEqual([])
})

test.each([
  { name: 'a changed source', difference: { target: { digest: 'd2' } }, says: 'source' },
  {
    name: 'a changed variable',
    difference: { target: { variables: { PUBLIC_URL: 'https://b.example' } } },
    says: 'variables',
  },
  { name: 'a removed variable', difference: { target: { variables: {} } }, says: 'variables' },
  {
    name: 'a changed limit of instances',
    difference: { settings: { maxInstances: 20 } },
    says: 'settings',
  },
  {
    name: 'a changed minimum of instances',
    difference: { settings: { minInstances: 1 } },
    says: 'settings',
  },
  {
    name: 'a manually changed service account',
    difference: { deployed: { service: { ...service, serviceAccountEmail: 'x@y' } } },
    says: 'settings',
  },
  { name: 'an old runtime', difference: { deployed: { runtime: 'nodejs22' } }, says: 'settings' },
  {
    name: 'an older secret version',
    difference: { stored: { latest: { version: '4', value: VALUE } } },
    says: 'secrets',
  },
  {
    name: 'a failed deployment',
    difference: { deployed: { isActive: false } },
    says: 'not active',
  },
])('$name leads to one step that deploys the function again', ({ difference, says }) => {
  const steps = planOf(difference)
  expect(steps).toHaveLength(1)
  expect(steps[0]).toContain(`# deploy gateway (${says})\n`)
})

test('a changed secret gets a new version that the function then uses', () => {
  const steps = planOf({ stored: { latest: { version: '3', value: 'an older value' } } })
  expect(steps[0]).toBe(`# store the changed value of GATEWAY_HMAC_SECRET
gcloud secrets versions add GATEWAY_HMAC_SECRET --project=acme-prod --data-file=- --format=json  < (value of GATEWAY_HMAC_SECRET, not shown)`)
  expect(steps[1]).toContain('GATEWAY_HMAC_SECRET:<new version of GATEWAY_HMAC_SECRET>')
  expect(steps).toHaveLength(2)
  expect(steps.join()).not.toContain(VALUE)
})

test('a secret whose latest version cannot be read gets a new version', () => {
  expect(planOf({ stored: { latest: undefined } })[0]).toContain('# store the value of')
})

test('a function may read only its own secrets', () => {
  expect(planOf({ stored: { readers: [] } })).toEqual([
    `# allow gateway to read GATEWAY_HMAC_SECRET
gcloud secrets add-iam-policy-binding GATEWAY_HMAC_SECRET --project=acme-prod --member=${GATEWAY} --role=roles/secretmanager.secretAccessor`,
  ])
  const metadata = { ...target, name: 'metadata', secrets: {} }
  const member = GATEWAY.replace('gateway', 'metadata')
  const state: State = {
    apis: new Set(APIS),
    functions: new Map(),
    accounts: new Map(),
    secrets: new Map([['GATEWAY_HMAC_SECRET', { ...stored, readers: [GATEWAY, member] }]]),
  }
  const steps = planDeployment({
    targets: [target, metadata],
    settings,
    state,
    backends: [],
    site: undefined,
  })
  expect(steps.map(describeStep)).toContainEqual(
    expect.stringContaining(
      `remove-iam-policy-binding GATEWAY_HMAC_SECRET --project=acme-prod --member=${member}`,
    ),
  )
})

test('a function that is not public is made public without a new deployment', () => {
  const [step, ...rest] = planOf({ deployed: { isPublic: false } })
  expect(step).toContain(
    'services add-iam-policy-binding gateway --project=acme-prod --region=us-central1 --member=allUsers',
  )
  expect(rest).toEqual([])
})

test('a new deployment passes --allow-unauthenticated only if the function is not public yet', () => {
  const changed = { target: { digest: 'd2' } }
  expect(planOf(changed)[0]).not.toContain('--allow-unauthenticated')
  const [closed] = planOf({ ...changed, deployed: { isPublic: false } })
  expect(closed).toContain('--allow-unauthenticated')
})

test('only disabled APIs are enabled', () => {
  const apis = new Set(APIS.filter((api) => api !== 'run.googleapis.com'))
  expect(planOf({ state: { apis } })).toEqual([
    '# enable 1 API\ngcloud services enable run.googleapis.com --project=acme-prod',
  ])
})

test('a printed command quotes values with spaces', () => {
  const [step] = planOf({ state: { accounts: new Map() } })
  expect(step).toContain("'--display-name=gateway function'")
})

describe('the plan for private backends', () => {
  const backend: Backend = {
    service: 'listevents',
    region: 'europe-west1',
    project: 'acme-tools',
    invokers: [],
  }

  test('grants the gateway permission to call them in their region', () => {
    expect(planBackends([backend], settings).map(describeStep)).toEqual([
      `# allow the gateway to call listevents
gcloud run services add-iam-policy-binding listevents --project=acme-tools --region=europe-west1 --member=${GATEWAY} --role=roles/run.invoker`,
    ])
  })

  test('is empty if the gateway has permission, or has none to revoke', () => {
    expect(planBackends([{ ...backend, invokers: [GATEWAY] }], settings)).toEqual([])
    expect(planBackends([backend], settings, { remove: true })).toEqual([])
  })

  test.each([
    [
      'https://europe-west1-acme-tools.cloudfunctions.net',
      [
        { service: 'listevents', region: 'europe-west1', project: 'acme-tools' },
        { service: 'add-event', region: 'europe-west1', project: 'acme-tools' },
      ],
    ],
    [
      'https://my-tools-123456789.europe-west1.run.app/v1',
      [{ service: 'my-tools', region: 'europe-west1', project: 'acme-prod' }],
    ],
    [
      'https://my-tools-k3xwq7abcd-ew.a.run.app',
      [{ service: 'my-tools', region: 'us-central1', project: 'acme-prod' }],
    ],
  ])('derives the services from the URL %s without reading the project', (base, services) => {
    const called = calledBackends({
      BACKEND_AUTH: 'google',
      FUNCTIONS_BASE: base,
      TOOL_SCOPES_JSON: '{"listEvents":["a"],"add_event":["a"]}',
    })
    expect(guessBackends(base, called, settings)).toEqual(
      services.map((one) => ({ ...one, invokers: [] })),
    )
  })
})

describe('the plan for Hosting', () => {
  const site = { directory: '/dist/hosting', digest: 'd1' }

  const planned = (message: string | undefined) =>
    planHosting(
      {
        site,
        live: {
          id: 'acme-prod',
          exists: true,
          release: message === undefined ? undefined : { message, version: 'v1' },
        },
      },
      settings,
    )

  test('contains a release if no release or another one is live', () => {
    expect(planned(undefined)).toHaveLength(1)
    expect(planned('chatgpt-auth0-gateway d2')).toHaveLength(1)
    expect(planned('chatgpt-auth0-gateway d1')).toEqual([])
    expect(planned('chatgpt-auth0-gateway d1 after v0')).toEqual([])
  })

  test('has rewrites only to deployed functions', () => {
    const { hosting } = hostingConfig(['gateway', 'metadata'], {
      region: 'europe-west1',
    })
    expect(new Set(hosting.rewrites.map(({ run }) => run.serviceId))).toEqual(
      new Set(['gateway', 'metadata']),
    )
    expect(new Set(hosting.rewrites.map(({ run }) => run.region))).toEqual(
      new Set(['europe-west1']),
    )
    expect(hosting.rewrites.find(({ source }) => source === '/mcp')?.run.serviceId).toBe('gateway')
  })
})

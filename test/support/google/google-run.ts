type Json = Record<string, unknown>

/** The host of Cloud Run for gcloud, which prefixes it with the region. */
export const RUN_HOST = 'run.test'
const NUMBER = '123456789'
const KNATIVE = 'serving.knative.dev/v1'
const READY = { type: 'Ready', status: 'True' }
const TEMPLATE = { metadata: {}, spec: { containers: [{ image: 'gcr.io/acme/x' }] } }
const LATEST = [{ percent: 100, latestRevision: true }]

/** A stored service: the members that gcloud wrote, and its revisions, oldest first. */
interface Stored {
  readonly name: string
  readonly metadata?: Json
  readonly spec?: Json
  readonly revisions?: readonly { readonly name: string; readonly creationTimestamp: string }[]
}

let ticks = 0

/** The service with another revision. */
export function addRevision(service: Json): Json {
  const { name, revisions = [] } = service as unknown as Stored
  const count = String(revisions.length + 1).padStart(5, '0')
  const creationTimestamp = new Date(Date.UTC(2026, 10, 1) + ticks++ * 60_000).toISOString()
  const revision = { name: `${name.replace(/^.*\//, '')}-${count}-abc`, creationTimestamp }
  return { ...service, revisions: [...revisions, revision] }
}

/** The response of the Cloud Run API with namespaces, which `gcloud run` calls. undefined = 404. */
export function answerRun(
  {
    method,
    json,
    query,
    region,
  }: {
    readonly method: string
    readonly json: Json
    readonly query: URLSearchParams
    readonly region?: string | undefined
  },
  path: string,
  resources: Map<string, Json>,
): Json | undefined {
  const services = [...resources].filter(
    ([name]) =>
      /\/services\/[^/]+$/.test(name) &&
      (region === undefined || name.includes(`/locations/${region}/`)),
  )
  const [, kind, wanted] = /\/(services|revisions)(?:\/([^/]+))?$/.exec(path) ?? []
  if (kind === 'revisions') {
    const all = services.flatMap(([, one]) => revisionsOf(one as unknown as Stored))
    if (wanted !== undefined) return all.find(({ metadata }) => metadata.name === wanted)
    const [, service] =
      /serving\.knative\.dev\/service\s*=\s*([\w-]+)/.exec(query.get('labelSelector') ?? '') ?? []
    const items = all.filter(
      ({ metadata }) =>
        service === undefined || metadata.labels['serving.knative.dev/service'] === service,
    )
    return { items, kind: 'RevisionList', apiVersion: KNATIVE, metadata: {} }
  }
  if (wanted === undefined) {
    const items = services.map(([name, one]) => asService(name, one as unknown as Stored))
    return { items, kind: 'ServiceList', apiVersion: KNATIVE, metadata: {} }
  }
  const [name, before] = services.find(([one]) => one.endsWith(`/${wanted}`)) ?? []
  if (name === undefined || before === undefined) return undefined
  if (method === 'PUT') {
    const { template } = (json['spec'] ?? {}) as Json
    const old = ((before['spec'] ?? {}) as Json)['template'] ?? TEMPLATE
    const next = { ...before, ...json, name: before['name'] }
    const isSame = JSON.stringify(template) === JSON.stringify(old)
    resources.set(name, isSame ? next : addRevision(next))
  }
  return asService(name, resources.get(name) as unknown as Stored)
}

function revisionsOf({ name, spec, revisions = [] }: Stored) {
  const service = name.replace(/^.*\//, '')
  const template = (spec?.['template'] ?? TEMPLATE) as Json
  return revisions.map((revision) => ({
    apiVersion: KNATIVE,
    kind: 'Revision',
    metadata: {
      ...revision,
      annotations: {},
      namespace: NUMBER,
      labels: { 'serving.knative.dev/service': service },
    },
    spec: template['spec'],
    status: { conditions: [READY], imageDigest: 'gcr.io/acme/x@sha256:0' },
  }))
}

function asService(path: string, { metadata, spec, revisions = [] }: Stored): Json {
  const [, region, name] = /\/locations\/([^/]+)\/services\/([^/]+)$/.exec(path) ?? []
  const latest = revisions.at(-1)?.name ?? `${name}-00001`
  const traffic = (spec?.['traffic'] ?? LATEST) as readonly Json[]
  return {
    apiVersion: KNATIVE,
    kind: 'Service',
    metadata: {
      annotations: {},
      generation: 1,
      ...metadata,
      name,
      namespace: NUMBER,
      labels: { 'cloud.googleapis.com/location': region },
    },
    spec: { template: TEMPLATE, traffic: LATEST, ...spec },
    status: {
      observedGeneration: 1,
      conditions: [
        READY,
        { ...READY, type: 'ConfigurationsReady' },
        { ...READY, type: 'RoutesReady' },
      ],
      latestReadyRevisionName: latest,
      latestCreatedRevisionName: latest,
      url: `https://${name}-${NUMBER}.${region}.run.app`,
      traffic: traffic.map((target) => ({
        ...target,
        revisionName: target['revisionName'] ?? latest,
      })),
    },
  }
}

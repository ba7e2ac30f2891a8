import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { answerVersions } from '../google-secrets.ts'
import { listen } from '../http/listen.ts'
import { addRevision, answerRun, RUN_HOST } from './google-run.ts'

type Json = Record<string, unknown>

/** One recorded request. */
export interface ApiRequest {
  readonly method: string
  /** The called API: `cloudfunctions`, `secretmanager` and others. */
  readonly api: string
  /** The path below the root of the API, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly json: Json
  readonly bytes: Buffer
  /** The region in the host name, which only Cloud Run has. */
  readonly region?: string | undefined
}

/** A fake of the Google APIs that gcloud calls for a deployment. It records requests and stores resources. */
export interface GoogleCloud extends AsyncDisposable {
  /** Environment variables with which gcloud calls this server, logged in. */
  readonly env: Readonly<Record<string, string>>
  readonly requests: ApiRequest[]
  /** The requests that change something. */
  readonly writes: () => ApiRequest[]
  /** Resources by full name. */
  readonly resources: Map<string, Json>
  /** Returns the error response to a request, or undefined for the usual response. */
  refuse: (request: ApiRequest) => Refusal | undefined
}

export interface Refusal {
  readonly code: number
  readonly status: string
  readonly message: string
}

const PROJECT = 'acme-prod'
const NUMBER = '123456789'
const READS = /:(getIamPolicy|generateUploadUrl|getEffectiveOrgPolicy)$/

export async function startGoogleCloud(configDirectory: string): Promise<GoogleCloud> {
  const resources = new Map<string, Json>([
    [
      `projects/${PROJECT}`,
      { projectId: PROJECT, projectNumber: NUMBER, lifecycleState: 'ACTIVE' },
    ],
    [
      `projects/${PROJECT}/billingInfo`,
      { name: `projects/${PROJECT}/billingInfo`, billingEnabled: true },
    ],
  ])
  const requests: ApiRequest[] = []
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const request = toRequest(req, Buffer.concat(chunks))
      requests.push(request)
      const refusal = cloud.refuse(request)
      if (refusal === undefined) return answer(res, handle(request, resources, listening.url))
      res.writeHead(refusal.code, { 'content-type': 'application/json' })
      res.end(JSON.stringify({ error: refusal }))
    })
  })
  const listening = await listen(server)
  const apis = [
    ...['cloudfunctions', 'secretmanager', 'iam', 'serviceusage', 'cloudbilling'],
    ...['cloudresourcemanager', 'cloudbuild', 'apigateway', 'monitoring', 'logging'],
  ]
  const [proxyHost = '', proxyPort = ''] = listening.host.split(':')
  const cloud: GoogleCloud = {
    requests,
    resources,
    refuse: () => undefined,
    writes: () =>
      requests.filter(
        ({ method, path, api }) => method !== 'GET' && !READS.test(path) && api !== 'upload',
      ),
    env: {
      CLOUDSDK_CONFIG: configDirectory,
      CLOUDSDK_AUTH_ACCESS_TOKEN: 'an-access-token',
      CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
      CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1',
      ...Object.fromEntries(
        apis.map((api) => [
          `CLOUDSDK_API_ENDPOINT_OVERRIDES_${api.toUpperCase()}`,
          `${listening.url}/${api}/`,
        ]),
      ),
      // gcloud prefixes this host with the region (us-central1-run.test), so the requests need a proxy.
      CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN: `http://${RUN_HOST}/`,
      CLOUDSDK_PROXY_TYPE: 'http',
      CLOUDSDK_PROXY_ADDRESS: proxyHost,
      CLOUDSDK_PROXY_PORT: proxyPort,
    },
    [Symbol.asyncDispose]: listening[Symbol.asyncDispose],
  }
  return cloud
}

function toRequest({ method = '', url = '' }: IncomingMessage, bytes: Buffer): ApiRequest {
  const { hostname, pathname, searchParams } = new URL(url, 'http://google')
  const full = hostname.endsWith(RUN_HOST) ? `/run${pathname}` : pathname
  const [, api = '', path = ''] = /^\/([^/]+)\/(.*)$/.exec(decodeURIComponent(full)) ?? []
  let json: Json = {}
  if (bytes[0] === 0x7b) json = JSON.parse(bytes.toString())
  const [, region] = /^([a-z]+-[a-z]+\d+)-run\.test$/.exec(hostname) ?? []
  return { method, api, path, query: searchParams, json, bytes, region }
}

function answer(res: ServerResponse, body: Json | undefined): void {
  const missing = { error: { code: 404, message: 'not found', status: 'NOT_FOUND' } }
  res.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' })
  res.end(JSON.stringify(body ?? missing))
}

/** Carries out a request in `resources`. Returns the response of Google. undefined = 404. */
function handle(
  request: ApiRequest,
  resources: Map<string, Json>,
  origin: string,
): Json | undefined {
  const { method, api, json, query } = request
  const path = request.path.replace(/^(apis\/serving\.knative\.dev\/)?v\d(beta\d)?\//, '')
  if (api === 'upload') return {}
  if (path.endsWith('/runtimes')) {
    return { runtimes: [{ name: 'nodejs24', environment: 'GEN_2', stage: 'GA' }] }
  }
  if (path.endsWith(':generateUploadUrl')) {
    return {
      uploadUrl: `${origin}/upload/source.zip`,
      storageSource: { bucket: 'sources', object: 'source.zip' },
    }
  }
  if (path.includes('operations/')) return resources.get(path)
  if (path.endsWith('/defaultServiceAccount')) {
    return {
      serviceAccountEmail: `projects/${PROJECT}/serviceAccounts/builder@${PROJECT}.iam.gserviceaccount.com`,
    }
  }
  if (api === 'serviceusage') return services(request, path, resources)
  if (/:(get|set)IamPolicy$/.test(path)) return policy(path, json, resources)
  if (api === 'secretmanager') {
    const answered = answerVersions(path, json, resources)
    if (answered !== null) return answered
  }
  if (api === 'run' && /serving\.knative\.dev|\/services$/.test(request.path)) {
    return answerRun(request, path, resources)
  }
  if (method === 'GET') return resources.get(normal(path)) ?? list(path, resources)
  if (method === 'DELETE') {
    const gone = resources.get(normal(path))
    resources.delete(normal(path))
    for (const name of resources.keys()) {
      if (name.startsWith(`${normal(path)}/`)) resources.delete(name)
    }
    if (gone === undefined || api !== 'cloudfunctions') return gone && {}
    resources.delete(normal(path).replace('/functions/', '/services/'))
    return done(resources, {})
  }
  return create(request, normal(path), query, resources)
}

/** The resources of a collection, with `-` for all locations, or undefined for an unknown collection. */
function list(path: string, resources: Map<string, Json>): Json | undefined {
  const [, kind] = /\/(functions|secrets|serviceAccounts)$/.exec(path) ?? []
  if (kind === undefined) return undefined
  const pattern = new RegExp(`^${path.replace('/locations/-/', '/locations/[^/]+/')}/[^/]+$`)
  const found = [...resources].filter(([name]) => pattern.test(name)).map(([, one]) => one)
  return { [kind === 'serviceAccounts' ? 'accounts' : kind]: found }
}

/** Replaces the project `-`, which Google infers from the resource. */
function normal(path: string): string {
  return path.replace(/^projects\/-\//, `projects/${PROJECT}/`)
}

function services(
  request: ApiRequest,
  path: string,
  resources: Map<string, Json>,
): Json | undefined {
  const enabled = (resources.get('services')?.['enabled'] ?? []) as string[]
  if (request.method === 'POST') {
    resources.set('services', {
      enabled: [...enabled, ...(request.json['serviceIds'] as string[])],
    })
    return done(resources, {})
  }
  const name = /services\/([^/]+)$/.exec(path)?.[1]
  if (name !== undefined)
    return { name: path, state: enabled.includes(name) ? 'ENABLED' : 'DISABLED' }
  return {
    services: enabled.map((api) => ({
      name: `projects/${NUMBER}/services/${api}`,
      config: { name: api },
      state: 'ENABLED',
    })),
  }
}

function policy(path: string, json: Json, resources: Map<string, Json>): Json {
  const name = `${path.replace(/:.*$/, '')}/policy`
  if (path.endsWith(':setIamPolicy')) resources.set(name, json['policy'] as Json)
  return { etag: 'BwXYZ01234Y=', ...resources.get(name) }
}

function create(
  { api, method, json }: ApiRequest,
  name: string,
  query: URLSearchParams,
  resources: Map<string, Json>,
): Json | undefined {
  if (api === 'secretmanager') {
    resources.set(`${name}/${query.get('secretId')}`, {
      ...json,
      name: `${name}/${query.get('secretId')}`,
    })
    return resources.get(`${name}/${query.get('secretId')}`)
  }
  if (api === 'iam') {
    const email = `${json['accountId']}@${PROJECT}.iam.gserviceaccount.com`
    const account = { name: `${name}/${email}`, email, ...(json['serviceAccount'] as Json) }
    resources.set(`${name}/${email}`, account)
    return account
  }
  if (api !== 'cloudfunctions') return undefined
  const full = method === 'POST' ? `${name}/${query.get('functionId')}` : name
  const before = (resources.get(full) ?? {}) as Record<string, Json>
  const service = `${full.replace('/functions/', '/services/')}`
  const next = {
    ...before,
    ...json,
    labels: { ...before['labels'], ...(json['labels'] as Json) },
    name: full,
    state: 'ACTIVE',
    environment: 'GEN_2',
    serviceConfig: { ...(json['serviceConfig'] as Json), service },
  }
  resources.set(full, next)
  resources.set(service, addRevision({ ...resources.get(service), name: service }))
  return done(resources, {
    '@type': 'type.googleapis.com/google.cloud.functions.v2.Function',
    ...next,
  })
}

function done(resources: Map<string, Json>, response: Json): Json {
  const name = `projects/${PROJECT}/locations/us-central1/operations/op-${resources.size}-${Date.now()}`
  const metadata = { '@type': 'type.googleapis.com/google.cloud.functions.v2.OperationMetadata' }
  const operation = { name, done: true, metadata, response }
  resources.set(name, operation)
  return operation
}

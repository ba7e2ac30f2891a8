import { createServer } from 'node:http'
import { json as readJson } from 'node:stream/consumers'
import { listen } from '../http/listen.ts'

type Json = Record<string, unknown>

/** One recorded request. */
export interface MonitoringRequest {
  readonly method: string
  /** The path below the root of the API: `v3/projects/acme-prod/alertPolicies`. */
  readonly path: string
  readonly query: URLSearchParams
  readonly json: Json
}

/** A fake of Cloud Monitoring and the metrics of Cloud Logging. It records requests and stores resources. */
export interface GoogleMonitoring extends AsyncDisposable {
  /** Environment variables with which gcloud calls this server. */
  readonly env: Readonly<Record<string, string>>
  readonly writes: () => readonly MonitoringRequest[]
  /** Resources by full name. */
  readonly resources: Map<string, Json>
}

const PROJECT = 'acme-prod'
const LISTS: Readonly<Record<string, string>> = {
  metrics: 'metrics',
  uptimeCheckConfigs: 'uptimeCheckConfigs',
  dashboards: 'dashboards',
  alertPolicies: 'alertPolicies',
}

/** Starts the server. `configDirectory` is an empty directory for the files of gcloud. */
export async function startGoogleMonitoring(configDirectory: string): Promise<GoogleMonitoring> {
  const resources = new Map<string, Json>()
  const requests: MonitoringRequest[] = []
  let created = 0
  const create = (path: string, json: Json): Json => {
    const collection = path.replace(/^v\d\//, '')
    const given = String(json['name'] ?? '')
    const kind = collection.split('/').at(-1)
    const id = kind === 'metrics' || kind === 'dashboards' ? given.replace(/^.*\//, '') : ++created
    const full = `${collection}/${id}`
    // The name of a metric is only its id. Google adds an etag to a dashboard.
    const added = kind === 'dashboards' ? { etag: 'e1' } : {}
    resources.set(full, { ...json, name: kind === 'metrics' ? given : full, ...added })
    return resources.get(full) as Json
  }
  const handle = ({ method, path, json }: MonitoringRequest): Json | undefined => {
    const name = path.replace(/^v\d\//, '')
    const list = LISTS[name.split('/').at(-1) ?? '']
    if (method === 'GET' && list !== undefined) {
      const items = [...resources].filter(([full]) => full.startsWith(`${name}/`))
      return { [list]: items.map(([, resource]) => resource) }
    }
    if (method === 'POST') return create(path, json)
    const existing = resources.get(name)
    if (existing === undefined) return undefined
    if (method === 'DELETE') {
      resources.delete(name)
      return {}
    }
    if (method === 'PATCH' || method === 'PUT')
      resources.set(name, { ...json, name: existing['name'] })
    return resources.get(name)
  }
  const server = createServer(async (req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '', 'http://google')
    const hasBody = req.method === 'POST' || req.method === 'PUT' || req.method === 'PATCH'
    const json = hasBody ? ((await readJson(req)) as Json) : {}
    const path = decodeURIComponent(pathname).replace(/^\/[^/]+\//, '')
    const request = { method: req.method ?? '', path, query: searchParams, json }
    requests.push(request)
    const body = pathname.startsWith('/serviceusage/') ? SERVICES : handle(request)
    res.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' })
    res.end(JSON.stringify(body ?? { error: { code: 404, status: 'NOT_FOUND', message: 'none' } }))
  })
  const listening = await listen(server)
  const override = (api: string) => [
    `CLOUDSDK_API_ENDPOINT_OVERRIDES_${api.toUpperCase()}`,
    `${listening.url}/${api}/`,
  ]
  return {
    resources,
    writes: () => requests.filter(({ method }) => method !== 'GET'),
    env: {
      CLOUDSDK_CONFIG: configDirectory,
      CLOUDSDK_AUTH_ACCESS_TOKEN: 'an-access-token',
      CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
      CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1',
      ...Object.fromEntries(['logging', 'monitoring', 'serviceusage'].map(override)),
    },
    [Symbol.asyncDispose]: listening[Symbol.asyncDispose],
  }
}

const SERVICES = {
  services: ['logging', 'monitoring'].map((api) => ({
    name: `projects/123456789/services/${api}.googleapis.com`,
    config: { name: `${api}.googleapis.com` },
    state: 'ENABLED',
  })),
  name: `projects/${PROJECT}`,
}

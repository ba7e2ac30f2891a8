import { createServer, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { listen } from '../http/listen.ts'

type Json = Record<string, unknown>

/** One recorded request. */
export interface HostingRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly json: Json
}

interface HostingSite {
  readonly isDefault: boolean
  /** Newest first. */
  readonly releases: Json[]
}

/** A fake of the Firebase APIs that firebase-tools calls. It records requests and stores resources. */
export interface FirebaseApi extends AsyncDisposable {
  /** Environment variables with which firebase-tools calls this server, logged in. */
  readonly env: Readonly<Record<string, string>>
  readonly requests: HostingRequest[]
  readonly sites: Map<string, HostingSite>
  /** Versions by full name. */
  readonly versions: Map<string, Json>
  /** Uncompressed uploaded files by hash. */
  readonly files: Map<string, Buffer>
  /** Adds a foreign release. */
  readonly release: (site: string, version: string, message: string | undefined) => void
}

const PROJECT = 'acme-prod'
/** firebase-tools also uses the project number, and `-` for a site of an unknown project. */
const SITES = /^\/v1beta1\/projects\/(?:acme-prod|123456789|-)\/sites/

export async function startFirebaseApi(configDirectory: string): Promise<FirebaseApi> {
  const requests: HostingRequest[] = []
  const sites = new Map<string, HostingSite>()
  const versions = new Map<string, Json>()
  const files = new Map<string, Buffer>()
  const server = createServer(async (req, res) => {
    const body = await buffer(req)
    const request = toRequest(req, body)
    if (request.path.startsWith('/upload/')) {
      files.set(request.path.slice('/upload/'.length), gunzipSync(body))
      res.end()
      return
    }
    requests.push(request)
    const answer = answerTo(request, api, `${listening.url}/upload`)
    res.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
    res.end(JSON.stringify(answer ?? { error: { code: 404, message: 'Not found.' } }))
  })
  const listening = await listen(server)
  const { url } = listening
  const api: FirebaseApi = {
    requests,
    sites,
    versions,
    files,
    release: (site, version, message) => {
      const name = `projects/${PROJECT}/sites/${site}/versions/${version}`
      versions.set(name, { name, status: 'FINALIZED', createTime: now() })
      addRelease(api, site, { ...(message !== undefined && { message }) }, name)
    },
    env: {
      FIREBASE_TOKEN: 'a-refresh-token',
      XDG_CONFIG_HOME: configDirectory,
      CI: 'true',
      NO_UPDATE_NOTIFIER: '1',
      ...Object.fromEntries(
        [
          'FIREBASE_TOKEN_URL',
          'FIREBASE_API_URL',
          'FIREBASE_HOSTING_API_URL',
          'FIREBASE_RESOURCEMANAGER_URL',
          'FIREBASE_SERVICE_USAGE_URL',
          'FIREBASE_FUNCTIONS_URL',
          'FIREBASE_FUNCTIONS_V2_URL',
          'CLOUD_RUN_API_URL',
          'CLOUD_RUN_URL',
        ].map((name) => [name, url]),
      ),
    },
    [Symbol.asyncDispose]: listening[Symbol.asyncDispose],
  }
  return api
}

function toRequest({ method = '', url = '' }: IncomingMessage, body: Buffer): HostingRequest {
  const { pathname, searchParams } = new URL(url, 'http://firebase')
  const json = body[0] === 0x7b ? JSON.parse(body.toString()) : {}
  return { method, path: decodeURIComponent(pathname), query: searchParams, json }
}

let ticks = 0
/** Returns a later time at each call. */
function now(): string {
  return new Date(Date.UTC(2026, 10, 1) + ticks++ * 60_000).toISOString()
}

/** The response of Google. undefined = 404. */
function answerTo(request: HostingRequest, api: FirebaseApi, uploadUrl: string): Json | undefined {
  const { method, path, json } = request
  if (path.endsWith('/token')) return { access_token: 'an-access-token', expires_in: 3_600 }
  if (path.endsWith(':testIamPermissions')) return { permissions: json['permissions'] }
  if (path.includes('/services/')) return { state: 'ENABLED' }
  if (/\/functions$/.test(path)) return { functions: [] }
  if (/^\/v1(?:beta1)?\/projects\/acme-prod$/.test(path)) return project(api)
  if (!SITES.test(path)) return undefined
  const [, id, rest = ''] = /\/sites\/([^/]+)(\/.*)?$/.exec(path) ?? []
  if (id === undefined) return method === 'POST' ? createSite(request, api) : listSites(api)
  const site = api.sites.get(id)
  if (site === undefined) return undefined
  if (rest === '') return describeSite(id, site)
  const channel = {
    name: `projects/${PROJECT}/sites/${id}/channels/live`,
    url: `https://${id}.web.app`,
    updateTime: now(),
    ...(site.releases[0] && { release: site.releases[0] }),
  }
  if (rest === '/channels') return { channels: [channel] }
  if (rest === '/channels/live') return channel
  if (method === 'GET' && rest === '/channels/live/releases') return { releases: site.releases }
  if (rest.endsWith('/releases')) {
    return addRelease(api, id, json, request.query.get('versionName') ?? undefined)
  }
  return versionAnswer(request, id, rest, api, uploadUrl)
}

function versionAnswer(
  { json, method }: HostingRequest,
  site: string,
  rest: string,
  { versions, files }: FirebaseApi,
  uploadUrl: string,
): Json | undefined {
  const collection = `projects/${PROJECT}/sites/${site}/versions`
  if (rest === '/versions' && method === 'POST') {
    const name = `${collection}/v${versions.size + 1}`
    versions.set(name, { ...json, name, createTime: now(), files: {} })
    return { name }
  }
  const [, id, verb] = /^\/versions\/([^/:]+)(?::(\w+))?$/.exec(rest) ?? []
  const version = versions.get(`${collection}/${id}`)
  if (id === undefined || version === undefined) return undefined
  if (verb === 'populateFiles') {
    Object.assign(version['files'] as Json, json['files'])
    const hashes = Object.values(json['files'] as Record<string, string>)
    return { uploadRequiredHashes: hashes.filter((hash) => !files.has(hash)), uploadUrl }
  }
  if (method === 'PATCH') Object.assign(version, json)
  return version
}

function addRelease(
  { sites, versions }: FirebaseApi,
  site: string,
  json: Json,
  versionName: string | undefined,
): Json | undefined {
  const version = versionName === undefined ? undefined : versions.get(versionName)
  if (versionName !== undefined && version === undefined) return undefined
  const time = now()
  const release = {
    name: `projects/${PROJECT}/sites/${site}/channels/live/releases/${Date.parse(time)}`,
    type: 'DEPLOY',
    releaseTime: time,
    releaseUser: { email: 'dana@acme.example' },
    ...json,
    ...(version && { version }),
  }
  sites.get(site)?.releases.unshift(release)
  return release
}

function project({ sites }: FirebaseApi): Json {
  const [hostingSite] = [...sites].find(([, { isDefault }]) => isDefault) ?? []
  const resources = hostingSite === undefined ? {} : { hostingSite }
  return { projectId: PROJECT, projectNumber: '123456789', resources }
}

function createSite({ query }: HostingRequest, { sites }: FirebaseApi): Json {
  const id = query.get('siteId') ?? ''
  // firebase-tools calls this if there is no default site, and requires one afterwards.
  const isDefault = ![...sites.values()].some((one) => one.isDefault)
  const site = { isDefault, releases: [] }
  if (query.get('validateOnly') !== 'true') sites.set(id, site)
  return describeSite(id, site)
}

function listSites({ sites }: FirebaseApi): Json {
  return { sites: [...sites].map(([id, site]) => describeSite(id, site)) }
}

function describeSite(id: string, { isDefault }: HostingSite): Json {
  return {
    name: `projects/${PROJECT}/sites/${id}`,
    defaultUrl: `https://${id}.web.app`,
    type: isDefault ? 'DEFAULT_SITE' : 'USER_SITE',
  }
}

import type { Environment } from '../../../shared/config.ts'
import type { Run } from '../command.ts'
import { DeployError, NotInstalledError } from '../deploy-error.ts'
import { NOT_INSTALLED } from '../gcloud.ts'
import { type Json, object } from '../json.ts'

/** A release of a Hosting site. */
export interface Release {
  /** Full name of the version. */
  readonly version: string
  readonly versionCreatedAt: string
  readonly isFinalized: boolean
  readonly releasedAt: string
  readonly releasedBy: string | undefined
  readonly message: string | undefined
  readonly isDisabled: boolean
  /** The Cloud Run service that serves `/mcp`. */
  readonly service: string | undefined
}

/** A site and its live releases, newest first. */
export interface Hosting {
  readonly site: string
  readonly releases: readonly Release[]
}

export interface HostingClient {
  /** @throws DeployError */
  readonly read: () => Promise<Hosting>
  /** Releases an earlier version of the site again. Throws like `read`. */
  readonly release: (site: string, version: string, message: string | undefined) => Promise<void>
}

const TIMEOUT_MS = 20_000
/** Hosting keeps more releases, but older ones are not candidates for a rollback. */
const PAGE_SIZE = 50

/**
 * Creates a client of the Firebase Hosting API, because firebase-tools cannot list releases. Like
 * firebase-tools it uses FIREBASE_HOSTING_API_URL if set. The access token comes from gcloud.
 */
export function createHostingClient(
  place: { readonly project: string; readonly site?: string | undefined },
  {
    run,
    env,
    fetch: send,
  }: { readonly run: Run; readonly env: Environment; readonly fetch: typeof fetch },
): HostingClient {
  const { project } = place
  const origin = env['FIREBASE_HOSTING_API_URL']?.trim() || 'https://firebasehosting.googleapis.com'
  const request = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const token = await accessToken(run)
    const response = await send(
      `${origin.replace(/\/$/, '')}/v1beta1/projects/${project}/${path}`,
      {
        method,
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          // Otherwise the quota project would be gcloud's own, in which this API is disabled.
          'x-goog-user-project': project,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      },
    ).catch((error: unknown) => {
      throw new DeployError(`The Firebase Hosting API cannot be reached: ${messageOf(error)}`)
    })
    const answer = object(await response.json().catch(() => undefined))
    if (response.ok) return answer
    const reason = object(answer['error'])['message'] ?? response.statusText
    throw new DeployError(`The Firebase Hosting API returned ${response.status}: ${reason}`)
  }
  const siteOf = async (): Promise<string> => {
    if (place.site !== undefined) return place.site
    const sites = array((await request('GET', 'sites'))['sites'])
    const site = sites.find(({ type }) => type === 'DEFAULT_SITE') ?? sites[0]
    if (site === undefined) throw new DeployError(`The project ${project} has no Hosting site.`)
    return String(site['name']).replace(/^.*\//, '')
  }
  return {
    read: async () => {
      const site = await siteOf()
      const path = `sites/${site}/channels/live/releases?pageSize=${PAGE_SIZE}`
      const releases = array((await request('GET', path))['releases']).map(toRelease)
      return { site, releases: releases.sort((a, b) => (a.releasedAt < b.releasedAt ? 1 : -1)) }
    },
    release: async (site, version, message) => {
      const query = `versionName=${encodeURIComponent(version)}`
      const body = message === undefined ? {} : { message }
      await request('POST', `sites/${site}/channels/live/releases?${query}`, body)
    },
  }
}

async function accessToken(run: Run): Promise<string> {
  const { code, stdout, stderr } = await run(['gcloud', 'auth', 'print-access-token', '--quiet'])
  if (code === 127) throw new NotInstalledError(NOT_INSTALLED)
  if (code === 0) return stdout.trim()
  throw new DeployError(`gcloud auth print-access-token: ${stderr.trim()}`)
}

function toRelease(release: Json): Release {
  const version = object(release['version'])
  const rewrites = array(object(version['config'])['rewrites'])
  const mcp = rewrites.find(({ glob, source }) => glob === '/mcp' || source === '/mcp')
  return {
    version: String(version['name'] ?? ''),
    versionCreatedAt: String(version['createTime'] ?? release['releaseTime'] ?? ''),
    isFinalized: version['status'] === undefined || version['status'] === 'FINALIZED',
    releasedAt: String(release['releaseTime'] ?? ''),
    releasedBy: text(object(release['releaseUser'])['email']),
    message: text(release['message']),
    isDisabled: release['type'] === 'SITE_DISABLE',
    service: text(object(mcp?.['run'])['serviceId']),
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function array(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(object) : []
}

function messageOf(error: unknown): string {
  const { cause, message } = error instanceof Error ? error : new Error(String(error))
  return cause instanceof Error ? cause.message : message
}

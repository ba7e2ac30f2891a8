import type { Environment } from '../../../shared/config.ts'
import { asObject } from '../../../shared/json.ts'
import type { Finished, Run } from '../command.ts'
import { DeployError, NotInstalledError } from '../deploy-error.ts'
import { errorOutput } from '../gcloud.ts'
import { type Json, object } from '../json.ts'
import { resourceName } from '../names.ts'
import { createHostingClient } from '../operate/releases.ts'
import type { Settings } from '../settings.ts'
import { type Site, siteArguments } from './site.ts'

/** The current state of a Hosting site. */
export interface LiveSite {
  /** Its id; undefined = the project's default site, id not known. */
  readonly id: string | undefined
  readonly exists: boolean
  /** The live release; undefined = none. */
  readonly release: LiveRelease | undefined
}

export interface LiveRelease {
  readonly message: string | undefined
  /** The id of its version. */
  readonly version: string | undefined
  /** When it was released (RFC 3339). */
  readonly time?: string | undefined
  /** The Cloud Run service that serves `/mcp`. */
  readonly service?: string | undefined
}

const TOOL = 'chatgpt-auth0-gateway'
const NO_DEFAULT = /could not determine the default site/i
const NO_SITE = /could not find (?:channels for )?site/i

/** Returns the start of the messages of this deployment's releases. */
export function releaseLabel({ prefix }: Pick<Settings, 'prefix'>): string {
  return prefix ? `${TOOL}/${prefix.replace(/-$/, '')}` : TOOL
}

/** Returns whether this deployment made the release, or its gateway serves `/mcp`. */
export function isOurRelease(
  { message, service }: LiveRelease,
  settings: Pick<Settings, 'prefix'>,
): boolean {
  const isLabelled = message?.startsWith(`${releaseLabel(settings)} `) === true
  return isLabelled || (!message && service === resourceName('gateway', settings))
}

/**
 * Reads the site of the settings, or the project's default site, with its live release. For a project
 * without a default site, the site has the project's id.
 *
 * @throws DeployError if the firebase command line is missing or fails.
 */
export async function readLiveSite(
  site: Site,
  settings: Settings,
  dependencies: { readonly run: Run; readonly env: Environment },
): Promise<LiveSite> {
  const { run } = dependencies
  const { project } = settings
  const listChannels = (id: string | undefined) =>
    run([
      ...(['firebase', 'hosting:channel:list', ...siteArguments(site, project)] as const),
      ...(id === undefined ? [] : ['--site', id]),
      '--json',
    ])
  let id = settings.site
  let finished = await listChannels(id)
  if (id === undefined && finished.code !== 0 && NO_DEFAULT.test(textOf(finished))) {
    id = project
    finished = await listChannels(id)
  }
  if (finished.code === 127) {
    throw new NotInstalledError(`firebase is not installed. Install it: npm install --global firebase-tools
Or skip Hosting: --skip=hosting`)
  }
  if (finished.code === 0) {
    return withMessage(liveSite(id, finished.stdout), settings, dependencies)
  }
  if (id !== undefined && NO_SITE.test(textOf(finished))) {
    return { id, exists: false, release: undefined }
  }
  throw new DeployError(`firebase: ${errorOutput(finished)}
Log in: firebase login. Add Firebase to the project: firebase projects:addfirebase ${project}
Or skip Hosting: --skip=hosting`)
}

/**
 * A release of ours without a message is a clone. Its message is the message of the release that it was
 * cloned from, which records what was live before our first release. Unreadable = no message.
 */
async function withMessage(
  live: LiveSite,
  settings: Settings,
  dependencies: { readonly run: Run; readonly env: Environment },
): Promise<LiveSite> {
  const { id, release } = live
  if (id === undefined || release === undefined || release.message) return live
  if (!isOurRelease(release, settings)) return live
  const { project } = settings
  const client = createHostingClient({ project, site: id }, { ...dependencies, fetch })
  const { releases } = await client.read().catch((error: unknown) => {
    if (!(error instanceof DeployError)) throw error
    return { releases: [] }
  })
  const same = releases.filter(({ version }) => version.endsWith(`/versions/${release.version}`))
  const message = same.find((one) => one.message)?.message
  return { ...live, release: { ...release, message } }
}

function textOf({ stdout, stderr }: Finished): string {
  return `${stderr}\n${stdout}`
}

function liveSite(given: string | undefined, output: string): LiveSite {
  const listed = object(object(parse(output))['result'])['channels']
  const channels: Json[] = Array.isArray(listed) ? listed.map(object) : []
  const live = channels.find(({ name }) => String(name).endsWith('/channels/live'))
  const [, id = given] = /sites\/([^/]+)\//.exec(String(live?.['name'])) ?? []
  const release = asObject(live?.['release'])
  const isServed = release !== undefined && release['type'] !== 'SITE_DISABLE'
  return { id, exists: true, release: isServed ? toRelease(release) : undefined }
}

function toRelease(release: Json): LiveRelease {
  const version = object(release['version'])
  const rewrites = object(version['config'])['rewrites']
  const mcp = (Array.isArray(rewrites) ? rewrites.map(object) : []).find(
    ({ glob, source }) => glob === '/mcp' || source === '/mcp',
  )
  return {
    message: text(release['message']),
    version: /\/versions\/([^/]+)$/.exec(String(version['name']))?.[1],
    time: text(release['releaseTime']),
    service: text(object(mcp?.['run'])['serviceId']),
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function parse(output: string): unknown {
  try {
    return JSON.parse(output)
  } catch {
    return undefined
  }
}

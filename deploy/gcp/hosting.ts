import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { ROOT } from '../build/functions.ts'
import firebase from '../firebase.json' with { type: 'json' }
import type { Run } from './command.ts'
import { DeployError } from './deploy-error.ts'
import { digestOf } from './digest.ts'
import { reasonOf } from './gcloud.ts'
import type { Settings } from './settings.ts'
import type { Step } from './step.ts'

/** What Hosting is to serve: a directory for the firebase command line, and its digest. */
export interface Site {
  readonly directory: string
  readonly digest: string
}

const MESSAGE = 'chatgpt-auth0-gateway'

/** The rewrite map with the region of this deployment, for the functions that it has. */
export function hostingConfig(functions: readonly string[], region: string) {
  const { hosting } = firebase
  const rewrites = hosting.rewrites
    .filter(({ run }) => functions.includes(run.serviceId))
    .map((rewrite) => ({ ...rewrite, run: { ...rewrite.run, region } }))
  return { hosting: { ...hosting, public: 'public', rewrites } }
}

/** Writes what Hosting is to serve into `<dist>/hosting`. */
export function writeSite(functions: readonly string[], region: string, dist: string): Site {
  const directory = `${dist}/hosting`
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  cpSync(`${ROOT}deploy/${firebase.hosting.public}`, `${directory}/public`, { recursive: true })
  const config = JSON.stringify(hostingConfig(functions, region), undefined, 2)
  writeFileSync(`${directory}/firebase.json`, `${config}\n`)
  return { directory, digest: digestOf(directory) }
}

/**
 * The message of the release that is live; undefined when there is none, or it has none.
 *
 * @throws DeployError when there is no firebase command line, or it may not or cannot look.
 */
export async function readLiveRelease(
  { directory }: Site,
  { project }: Settings,
  run: Run,
): Promise<string | undefined> {
  const list = ['firebase', 'hosting:channel:list', ...at(directory, project), '--json'] as const
  const finished = await run(list)
  if (finished.code === 127) {
    throw new DeployError(`firebase is not installed. Install it: npm install --global firebase-tools
Or leave Hosting out: --skip=hosting`)
  }
  if (finished.code !== 0) {
    throw new DeployError(`firebase: ${reasonOf(finished)}
Log in: firebase login. Make it a Firebase project: firebase projects:addfirebase ${project}
Or leave Hosting out: --skip=hosting`)
  }
  return liveMessage(finished.stdout)
}

function liveMessage(output: string): string | undefined {
  try {
    const { result } = JSON.parse(output)
    const channels: { name: string; release?: { type?: string; message?: string } }[] =
      result?.channels ?? []
    const live = channels.find(({ name }) => name.endsWith('/channels/live'))
    return live?.release?.message
  } catch {
    return undefined
  }
}

/** Releases the site, unless it is live. */
export function planHosting(
  { directory, digest }: Site,
  live: string | undefined,
  settings: Settings,
): Step[] {
  const message = `${MESSAGE} ${digest}`
  if (live === message) return []
  return [
    {
      phase: 'hosting',
      title: 'release Hosting, the one domain in front of the functions',
      command: [
        ...(['firebase', 'deploy', '--only', 'hosting'] as const),
        ...[...at(directory, settings.project), '--message', message],
      ],
    },
  ]
}

/** Takes the site down, if what is live is ours. */
export function planHostingEnd(
  { directory }: Site,
  live: string | undefined,
  settings: Settings,
): Step[] {
  if (!live?.startsWith(`${MESSAGE} `)) return []
  return [
    {
      phase: 'hosting',
      title: 'end Hosting: the site is served no more',
      command: ['firebase', 'hosting:disable', ...at(directory, settings.project), '--force'],
    },
  ]
}

function at(directory: string, project: string): readonly string[] {
  return ['--project', project, '--config', `${directory}/firebase.json`, '--non-interactive']
}

import { ROOT } from '../../build/functions.ts'
import { DeployError } from '../deploy-error.ts'
import type { Settings } from '../settings.ts'
import type { Step } from '../step.ts'
import { isOurRelease, type LiveRelease, type LiveSite, releaseLabel } from './live.ts'
import { type Site, siteArguments } from './site.ts'

/** What Hosting is to serve, and what it serves. */
export interface HostingState {
  readonly site: Site
  readonly live: LiveSite
}

/** What a message says after the digest: the version that was live before the first of ours. */
const BEFORE = / after (\S+)$/
const RESTORE = `${ROOT}deploy/gcp/hosting/restore-release.ts`

/**
 * Checks that nothing would be replaced that something else has released.
 *
 * @throws DeployError saying what is live, and what to do.
 */
export function checkLiveSite({ live: { id, release } }: HostingState, settings: Settings): void {
  if (release === undefined || isOurRelease(release, settings)) return
  const site = id ?? `${settings.project} (default)`
  const what = release.message ? ` "${release.message}"` : ''
  const when = release.time ? ` of ${release.time}` : ''
  throw new DeployError(
    `The Hosting site ${site} serves the release${what}${when}, which this deployment has not made. Deploying would replace it.
To use a site of its own: HOSTING_SITE (or --site) with another id, and PUBLIC_URL with its address. It is created when there is none.
To replace the release: --adopt. To leave Hosting out: --skip=hosting`,
  )
}

/** Creates the site where there is none, and releases it, unless the same is live. */
export function planHosting({ site, live }: HostingState, settings: Settings): Step[] {
  const label = `${releaseLabel(settings)} ${site.digest}`
  const { release } = live
  if (release?.message === label || release?.message?.startsWith(`${label} `)) return []
  const before = versionBefore(release, settings)
  const message = before === undefined ? label : `${label} after ${before}`
  const { project } = settings
  const create: Step = {
    phase: 'hosting',
    title: `create the Hosting site ${live.id}`,
    command: [
      ...(['firebase', 'hosting:sites:create', live.id ?? project] as const),
      ...['--project', project, '--non-interactive'],
    ],
    hint: 'Site ids are shared by all projects: if this one is taken, set HOSTING_SITE to another.',
  }
  return [
    ...(live.exists ? [] : [create]),
    {
      phase: 'hosting',
      title: `release Hosting, the one domain in front of the functions`,
      command: [
        ...(['firebase', 'deploy', '--only', 'hosting'] as const),
        ...[...siteArguments(site, project), '--message', message],
      ],
    },
  ]
}

/** The version that was live before this deployment's first release, as far as it is known. */
function versionBefore(release: LiveRelease | undefined, settings: Settings): string | undefined {
  if (release === undefined) return undefined
  if (!isOurRelease(release, settings)) return release.version
  return BEFORE.exec(release.message ?? '')?.[1]
}

/** Where what is live is ours: brings back the release before it, or takes the site down. */
export function planHostingEnd({ site, live }: HostingState, settings: Settings): Step[] {
  const { id, release } = live
  if (release === undefined || !isOurRelease(release, settings)) return []
  const { project } = settings
  const disable = [
    ...(['firebase', 'hosting:disable', ...siteArguments(site, project)] as const),
    ...(id === undefined ? [] : ['--site', id]),
    '--force',
  ] as const
  const before = versionBefore(release, settings)
  if (before === undefined || id === undefined) {
    const title = 'end Hosting: the site is served no more (no release from before it is recorded)'
    return [{ phase: 'hosting', title, command: disable }]
  }
  return [
    {
      phase: 'hosting',
      title: `bring back the Hosting release that was live before (version ${before})`,
      command: [process.execPath, RESTORE, project, id, before],
      fallback: {
        refusal: /\S/,
        title:
          "Firebase Hosting's API has not released it; cloning the version, without its message",
        command: [
          ...(['firebase', 'hosting:clone', `${id}@${before}`, `${id}:live`] as const),
          ...['--project', project, '--non-interactive'],
        ],
        fallback: {
          refusal: /\S/,
          title: `The version ${before} cannot be brought back; the site ${id} is disabled instead`,
          command: disable,
        },
      },
    },
  ]
}

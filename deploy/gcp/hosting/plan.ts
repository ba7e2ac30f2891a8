import { ROOT } from '../../build/functions.ts'
import { DeployError } from '../deploy-error.ts'
import type { Settings } from '../settings.ts'
import type { DeployStep } from '../step.ts'
import { isOurRelease, type LiveRelease, type LiveSite, releaseLabel } from './live.ts'
import { type Site, siteArguments } from './site.ts'

/** The desired and the live state of Hosting. */
export interface HostingState {
  readonly site: Site
  readonly live: LiveSite
}

/** The end of a message: the version that was live before our first release. */
const PREVIOUS_VERSION = / after (\S+)$/
const RESTORE = `${ROOT}deploy/gcp/hosting/restore-release.ts`

/**
 * Checks that the deployment replaces no release that it did not make.
 *
 * @throws DeployError that states the live release and what to do.
 */
export function checkLiveSite({ live: { id, release } }: HostingState, settings: Settings): void {
  if (release === undefined || isOurRelease(release, settings)) return
  const site = id ?? `${settings.project} (default)`
  const what = release.message ? ` "${release.message}"` : ''
  const when = release.time ? ` of ${release.time}` : ''
  throw new DeployError(
    `The Hosting site ${site} serves the release${what}${when}, which this deployment did not make. Deploying would replace it.
To use a separate site: set HOSTING_SITE (or --site) to another id, and PUBLIC_URL to its URL. The site is created if it does not exist.
To replace the release: --adopt. To skip Hosting: --skip=hosting`,
  )
}

/** Plans the site, if it does not exist, and a release, unless the same content is live. */
export function planHosting({ site, live }: HostingState, settings: Settings): DeployStep[] {
  const label = `${releaseLabel(settings)} ${site.digest}`
  const { release } = live
  if (release?.message === label || release?.message?.startsWith(`${label} `)) return []
  const before = previousVersion(release, settings)
  const message = before === undefined ? label : `${label} after ${before}`
  const { project } = settings
  const create: DeployStep = {
    phase: 'hosting',
    title: `create the Hosting site ${live.id}`,
    command: [
      ...(['firebase', 'hosting:sites:create', live.id ?? project] as const),
      ...['--project', project, '--non-interactive'],
    ],
    hint: 'Site ids are unique across all projects: if this one is taken, set HOSTING_SITE to another id.',
  }
  return [
    ...(live.exists ? [] : [create]),
    {
      phase: 'hosting',
      title: `release Hosting, the public domain of the functions`,
      command: [
        ...(['firebase', 'deploy', '--only', 'hosting'] as const),
        ...[...siteArguments(site, project), '--message', message],
      ],
    },
  ]
}

/** Returns the version that was live before this deployment's first release, if known. */
function previousVersion(release: LiveRelease | undefined, settings: Settings): string | undefined {
  if (release === undefined) return undefined
  if (!isOurRelease(release, settings)) return release.version
  return PREVIOUS_VERSION.exec(release.message ?? '')?.[1]
}

/** Plans the removal of our live release: restores the release before it, or disables the site. */
export function planHostingRemoval({ site, live }: HostingState, settings: Settings): DeployStep[] {
  const { id, release } = live
  if (release === undefined || !isOurRelease(release, settings)) return []
  const { project } = settings
  const disable = [
    ...(['firebase', 'hosting:disable', ...siteArguments(site, project)] as const),
    ...(id === undefined ? [] : ['--site', id]),
    '--force',
  ] as const
  const before = previousVersion(release, settings)
  if (before === undefined || id === undefined) {
    const title = 'disable the Hosting site (no earlier release is recorded)'
    return [{ phase: 'hosting', title, command: disable }]
  }
  return [
    {
      phase: 'hosting',
      title: `restore the Hosting release that was live before (version ${before})`,
      command: [process.execPath, RESTORE, project, id, before],
      fallback: {
        refusal: /\S/,
        title:
          'The Firebase Hosting API did not release it; cloning the version without its message',
        command: [
          ...(['firebase', 'hosting:clone', `${id}@${before}`, `${id}:live`] as const),
          ...['--project', project, '--non-interactive'],
        ],
        fallback: {
          refusal: /\S/,
          title: `Version ${before} cannot be restored; disabling the site ${id} instead`,
          command: disable,
        },
      },
    },
  ]
}

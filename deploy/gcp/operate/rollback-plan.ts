import type { Command } from '../command.ts'
import type { Hosting, Release } from './releases.ts'
import type { Place, Revision, RunningFunction } from './revisions.ts'

/** One planned change, or the reason why nothing changes. */
export interface Rollback {
  /** A function's name, or `hosting`. */
  readonly part: string
  readonly from: string | undefined
  readonly to: string | undefined
  /** When the target was created (RFC 3339). */
  readonly toCreatedAt?: string | undefined
  /** Why nothing changes. */
  readonly skipped?: string
  readonly command?: Command
  readonly release?: {
    readonly site: string
    readonly version: string
    readonly message?: string | undefined
  }
}

export interface RollbackRequest {
  readonly place: Place
  readonly functions: readonly RunningFunction[]
  readonly hosting: Hosting | undefined
  /** Parts to roll back; empty = the parts that the last deployment changed. */
  readonly names: readonly string[]
  readonly all: boolean
  readonly toLatest: boolean
}

const TOOL = /^chatgpt-auth0-gateway(?:\/\S+)?/
const UNLABELLED = ''
/** One deployment creates all its revisions and its release within this time. */
const DEPLOYMENT_MS = 60 * 60_000

/** Returns the changes of a rollback in order: first the functions, then Hosting. */
export function planRollback(request: RollbackRequest): Rollback[] {
  const { functions, hosting, toLatest, names } = request
  if (toLatest) {
    return functions
      .filter(({ name }) => names.length === 0 || names.includes(name))
      .map((one) => rollForward(one, request))
  }
  const live = hosting?.releases[0]
  const createdTimes = [...functions.map(({ serving }) => serving?.createdAt), live?.releasedAt]
  const last = Math.max(...createdTimes.map((at) => Date.parse(at ?? '')).filter((at) => at > 0))
  const isSelected = (part: string, createdAt: string | undefined) => {
    if (names.length > 0) return names.includes(part)
    const at = Date.parse(createdAt ?? '')
    return request.all || Number.isNaN(at) || last - at <= DEPLOYMENT_MS
  }
  const site =
    hosting === undefined || (names.length > 0 && !names.includes('hosting'))
      ? undefined
      : isSelected('hosting', live?.releasedAt)
        ? previousRelease(hosting, request)
        : unchanged('hosting', live && idOf(live))
  return [
    ...functions
      .filter(({ name }) => names.length === 0 || names.includes(name))
      .map((one) =>
        isSelected(one.name, one.serving?.createdAt)
          ? rollBack(one, request)
          : unchanged(one.name, one.serving?.name),
      ),
    ...(site === undefined ? [] : [site]),
  ]
}

function unchanged(part: string, from: string | undefined): Rollback {
  const skipped = `the last deployment did not change it; to roll it back too: npm run rollback -- ${part}`
  return { part, from, to: undefined, skipped }
}

function rollBack(one: RunningFunction, { place }: RollbackRequest): Rollback {
  const { serving, revisions, name } = one
  if (serving === undefined) {
    return { part: name, from: undefined, to: undefined, skipped: 'no revision has traffic' }
  }
  const older = revisions.slice(revisions.indexOf(serving) + 1)
  const to = older.find(({ isReady }) => isReady)
  if (to === undefined) {
    return {
      part: name,
      from: serving.name,
      to: undefined,
      skipped: 'there is no older ready revision',
    }
  }
  return {
    ...describeChange(one, serving, to),
    command: traffic(one, place, `--to-revisions=${to.name}=100`),
  }
}

function rollForward(one: RunningFunction, { place }: RollbackRequest): Rollback {
  const { name, serving, servesLatest, revisions } = one
  const to = revisions.find(({ isReady }) => isReady)
  if (servesLatest || to === undefined) {
    return {
      part: name,
      from: serving?.name,
      to: undefined,
      skipped: 'the newest revision already has the traffic',
    }
  }
  return { ...describeChange(one, serving, to), command: traffic(one, place, '--to-latest') }
}

function describeChange(one: RunningFunction, from: Revision | undefined, to: Revision): Rollback {
  return { part: one.name, from: from?.name, to: to.name, toCreatedAt: to.createdAt }
}

function traffic({ service, region }: RunningFunction, { project }: Place, flag: string): Command {
  return [
    ...(['gcloud', 'run', 'services', 'update-traffic', service] as const),
    ...[flag, `--project=${project}`, `--region=${region}`, '--quiet'],
  ]
}

/** The newest version of ours that is older than the live one. */
function previousRelease({ site, releases }: Hosting, { place }: RollbackRequest): Rollback {
  const [live] = releases
  const from = live && idOf(live)
  const part = 'hosting'
  if (live === undefined || live.isDisabled) {
    return { part, from, to: undefined, skipped: `${site} serves nothing` }
  }
  const labelOf = ({ message, service }: Release) => {
    if (message !== undefined) return TOOL.exec(message)?.[0]
    // hosting:clone creates releases without a message.
    return service === `${place.prefix ?? ''}gateway` ? UNLABELLED : undefined
  }
  const label = labelOf(live)
  if (label === undefined) {
    const skipped = `the live release of ${site} was not made by this command`
    return { part, from, to: undefined, skipped }
  }
  const isOurs = (one: Release) => {
    const otherLabel = labelOf(one)
    return (
      otherLabel !== undefined &&
      (otherLabel === label || otherLabel === UNLABELLED || label === UNLABELLED)
    )
  }
  const [to] = releases
    .filter((one) => one.isFinalized && !one.isDisabled && isOurs(one))
    .filter((one) => one.versionCreatedAt < live.versionCreatedAt)
    .toSorted((a, b) => (a.versionCreatedAt < b.versionCreatedAt ? 1 : -1))
  if (to === undefined) return { part, from, to: undefined, skipped: 'there is no older release' }
  return {
    part,
    from,
    to: idOf(to),
    toCreatedAt: to.versionCreatedAt,
    release: { site, version: to.version, message: to.message },
  }
}

function idOf({ version }: Release): string {
  return version.replace(/^.*\//, '')
}

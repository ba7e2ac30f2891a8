import { resourceName } from '../names.ts'
import type { Options } from '../options.ts'
import type { Deployment } from '../plan/plan.ts'

/**
 * What would not be served after deploying: a rollback pins traffic to an earlier revision, and
 * deploying does not move it. Undefined when all traffic follows, or moving it has been agreed to.
 */
export function pinnedTraffic(
  { targets, state, settings }: Pick<Deployment, 'targets' | 'state' | 'settings'>,
  { moveTraffic }: Pick<Options, 'moveTraffic'>,
): string | undefined {
  if (moveTraffic) return undefined
  const pinned = targets.flatMap(({ name }) =>
    (state.functions.get(name)?.run?.pinned ?? []).map(
      ({ revision, percent }) => `  ${resourceName(name, settings)}: ${percent} % to ${revision}`,
    ),
  )
  if (pinned.length === 0) return undefined
  return `Traffic is pinned to earlier revisions, as after a rollback:
${pinned.join('\n')}
What this deploys would not be served. To deploy it and move the traffic to it: --move-traffic
Or move the traffic by hand: gcloud run services update-traffic NAME --to-latest --project=${settings.project} --region=${settings.region}`
}

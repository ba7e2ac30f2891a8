import { resourceName } from '../names.ts'
import type { Options } from '../options.ts'
import type { Deployment } from '../plan/plan.ts'

/**
 * Returns a message about pinned traffic: a rollback pins traffic to an earlier revision, and a
 * deployment does not change that. Undefined if no traffic is pinned, or with --move-traffic.
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
The new revisions would get no traffic. To deploy and move the traffic to them: --move-traffic
Or move the traffic manually: gcloud run services update-traffic NAME --to-latest --project=${settings.project} --region=${settings.region}`
}

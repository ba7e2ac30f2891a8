import { resourceName } from '../names.ts'
import type { Settings } from '../settings.ts'
import type { Fallback, Step } from '../step.ts'

/** What Google says where the organisation lets nobody but its own members in. */
const REFUSAL =
  /do not belong to a permitted customer|allowedPolicyMemberDomains|organization policy|perhaps due to an organization/i

/** Opens a function that is deployed to Hosting, which calls without credentials. */
export function planOpening(name: string, settings: Settings): Step {
  const { project, region } = settings
  const id = resourceName(name, settings)
  return {
    phase: 'functions',
    title: `open ${id} to Hosting, which calls without credentials`,
    command: [
      ...(['gcloud', 'run', 'services', 'add-iam-policy-binding', id] as const),
      ...[`--project=${project}`, `--region=${region}`],
      ...['--member=allUsers', '--role=roles/run.invoker'],
    ],
    group: 'opening',
    fallback: openingFallback(name, settings),
  }
}

/** The way to the same end where `allUsers` is refused: the service checks no caller's identity. */
export function openingFallback(name: string, settings: Settings): Fallback {
  const { project, region } = settings
  const id = resourceName(name, settings)
  return {
    refusal: REFUSAL,
    title: `The organisation refuses allUsers (domain restricted sharing): opening ${id} with --no-invoker-iam-check`,
    command: [
      ...(['gcloud', 'run', 'services', 'update', id, '--no-invoker-iam-check'] as const),
      ...[`--project=${project}`, `--region=${region}`, '--quiet'],
    ],
  }
}

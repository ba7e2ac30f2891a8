import { resourceName } from '../names.ts'
import type { Settings } from '../settings.ts'
import type { DeployStep, Fallback } from '../step.ts'

/** Google's error if the organisation restricts IAM members to its own domain. */
const REFUSAL =
  /do not belong to a permitted customer|allowedPolicyMemberDomains|organization policy|perhaps due to an organization/i

/** Plans public access for a deployed function, because Hosting calls it without Google credentials. */
export function planPublicAccess(name: string, settings: Settings): DeployStep {
  const { project, region } = settings
  const id = resourceName(name, settings)
  return {
    phase: 'functions',
    title: `make ${id} public, because Hosting calls it without Google credentials`,
    command: [
      ...(['gcloud', 'run', 'services', 'add-iam-policy-binding', id] as const),
      ...[`--project=${project}`, `--region=${region}`],
      ...['--member=allUsers', '--role=roles/run.invoker'],
    ],
    group: 'opening',
    fallback: publicAccessFallback(name, settings),
  }
}

/** Returns the alternative if `allUsers` is refused: the service does not check the caller's identity. */
export function publicAccessFallback(name: string, settings: Settings): Fallback {
  const { project, region } = settings
  const id = resourceName(name, settings)
  return {
    refusal: REFUSAL,
    title: `The organisation refuses allUsers (domain restricted sharing): making ${id} public with --no-invoker-iam-check`,
    command: [
      ...(['gcloud', 'run', 'services', 'update', id, '--no-invoker-iam-check'] as const),
      ...[`--project=${project}`, `--region=${region}`, '--quiet'],
    ],
  }
}

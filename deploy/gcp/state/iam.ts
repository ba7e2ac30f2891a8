import type { Gcloud } from '../gcloud.ts'
import type { Json } from '../json.ts'

/** Returns the members with `role` on a resource. */
export async function readMembers(
  gcloud: Gcloud,
  role: string,
  group: string,
  kind: string | undefined,
  name: string,
  flags: readonly string[],
): Promise<readonly string[]> {
  const policy = await gcloud.describe(
    group,
    ...(kind ? [kind] : []),
    'get-iam-policy',
    name,
    ...flags,
  )
  const bindings = Array.isArray(policy?.['bindings']) ? (policy['bindings'] as Json[]) : []
  return bindings
    .filter((binding) => binding['role'] === role && binding['condition'] === undefined)
    .flatMap((binding) => (binding['members'] ?? []) as string[])
}

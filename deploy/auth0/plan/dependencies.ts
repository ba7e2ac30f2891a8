import type { ProvisionStep } from './item.ts'

/** Returns the steps with `key`, dependent on the steps with the keys in `after`. */
export function linked<One extends ProvisionStep>(
  steps: readonly One[],
  key: string,
  after: readonly string[] = [],
): ProvisionStep[] {
  return steps.map((step) => ({ ...step, key, after: [...(step.after ?? []), ...after] }))
}

/**
 * Marks each step as blocked that depends on a blocked step, directly or indirectly, and names that
 * step in its reason. Steps without a call are not changed.
 */
export function withSkipped(steps: readonly ProvisionStep[]): readonly ProvisionStep[] {
  const blockedKeys = new Map<string, string>()
  return steps.map((step) => {
    const cause = (step.after ?? [])
      .map((key) => blockedKeys.get(key))
      .find((one) => one !== undefined)
    const isBlocked = step.item.action === 'blocked' || (step.change !== undefined && cause)
    if (!isBlocked) return step
    const { item } = step
    if (step.key !== undefined) blockedKeys.set(step.key, `${item.area} ${item.subject}`)
    if (item.action === 'blocked') return step
    return { ...step, item: { ...item, action: 'blocked', why: `It depends on ${cause}` } }
  })
}

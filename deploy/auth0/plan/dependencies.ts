import type { Step } from './item.ts'

/** The same steps, which others know by `key` and which wait for the steps with the keys `after`. */
export function linked<One extends Step>(
  steps: readonly One[],
  key: string,
  after: readonly string[] = [],
): Step[] {
  return steps.map((step) => ({ ...step, key, after: [...(step.after ?? []), ...after] }))
}

/**
 * The plan of a run: a step that waits for a blocked one, or for one that waits so itself, is blocked
 * too, and says for which. Steps without a call are not changed.
 */
export function withSkipped(steps: readonly Step[]): readonly Step[] {
  const stuck = new Map<string, string>()
  return steps.map((step) => {
    const cause = (step.after ?? []).map((key) => stuck.get(key)).find((one) => one !== undefined)
    const isStuck = step.item.action === 'blocked' || (step.change !== undefined && cause)
    if (!isStuck) return step
    const { item } = step
    if (step.key !== undefined) stuck.set(step.key, `${item.area} ${item.subject}`)
    if (item.action === 'blocked') return step
    return { ...step, item: { ...item, action: 'blocked', why: `It depends on ${cause}` } }
  })
}

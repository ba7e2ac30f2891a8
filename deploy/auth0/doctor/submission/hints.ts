/** The hints that OpenAI's review requires on every tool. */
export const HINTS = ['readOnlyHint', 'openWorldHint', 'destructiveHint'] as const
export type Hint = (typeof HINTS)[number]

import { explainFailure } from '../../reading.ts'
import type { Skipped } from '../../../diagnostics/check.ts'

/** A part of the tenant that is examined only where it can be read, or why it could not be. */
export type Optional<Value> = { readonly value: Value } | Skipped

/** Reads such a part. A missing Management scope, or a feature that the tenant lacks, is no fault. */
export async function readOptional<Value>(
  scope: string,
  run: () => Promise<Value>,
): Promise<Optional<Value>> {
  try {
    return { value: await run() }
  } catch (error) {
    const { kind, message } = explainFailure(error)
    const isScope = kind === 'scope-missing'
    return { skipped: isScope ? `the Management scope ${scope} is missing` : message }
  }
}

/** The first items of a list, `limit` at most, which bounds the calls as well. */
export async function firstItems<Item>(
  listing: Promise<AsyncIterable<Item>>,
  limit: number,
): Promise<readonly Item[]> {
  const items: Item[] = []
  for await (const item of await listing) if (items.push(item) >= limit) break
  return items
}

import { TenantError } from '../http.ts'

/** A list in one of Auth0's forms, depending on `take`, `from` and `include_totals`. */
export type Listed<Item, Member extends string> =
  | Item[]
  | ({ [Name in Member]: Item[] } & {
      next?: string
      start?: number
      limit?: number
      total?: number
    })

/** The query parameters of offset pagination. */
export const OFFSET = ['page', 'per_page', 'include_totals'] as const
/** The query parameters of checkpoint pagination. */
export const CHECKPOINT = ['from', 'take'] as const
/** The query parameters that select members. */
export const FIELDS = ['fields', 'include_fields'] as const

const MAX_PAGE = 100

/**
 * Returns the part of a list that `from` and `take`, or `page` and `per_page`, select.
 *
 * @throws TenantError 400 for a page of more than 100, and for a `from` that no response returned.
 */
export function listed<Item, Member extends string>(
  items: readonly Item[],
  query: URLSearchParams,
  member: Member,
): Listed<Item, Member> {
  const isCheckpoint = query.has('take') || query.has('from')
  const limit = pageSize(query, isCheckpoint ? 'take' : 'per_page')
  const start = isCheckpoint ? decodeNext(query.get('from')) : pageIndex(query) * limit
  const part = items.slice(start, start + limit)
  const named = { [member]: part } as { [Name in Member]: Item[] }
  if (isCheckpoint) {
    const hasMore = start + limit < items.length
    return { ...named, ...(hasMore && { next: encodeNext(start + limit) }) }
  }
  const withTotals = query.get('include_totals') === 'true'
  return withTotals ? { ...named, start, limit, total: items.length } : part
}

/** Returns the members that `fields` and `include_fields` select. */
export function pick<Item extends object>(item: Item, query: URLSearchParams): Item {
  const fields = query.get('fields')
  if (fields === null || fields === '') return item
  const names = new Set(fields.split(','))
  const isIncluded = query.get('include_fields') !== 'false'
  const members = Object.entries(item).filter(([name]) => names.has(name) === isIncluded)
  // All members of Auth0's response types are optional.
  return Object.fromEntries(members) as Item
}

function pageSize(query: URLSearchParams, name: 'take' | 'per_page'): number {
  const size = Number(query.get(name) ?? 50)
  if (Number.isInteger(size) && size >= 1 && size <= MAX_PAGE) return size
  throw refuse(`must be 1 to ${MAX_PAGE} on property ${name}`)
}

function pageIndex(query: URLSearchParams): number {
  const page = Number(query.get('page') ?? 0)
  if (Number.isInteger(page) && page >= 0) return page
  throw refuse('must not be negative on property page')
}

function encodeNext(start: number): string {
  return Buffer.from(`next:${start}`).toString('base64url')
}

function decodeNext(from: string | null): number {
  if (from === null) return 0
  const start = /^next:(\d+)$/.exec(Buffer.from(from, 'base64url').toString())?.[1]
  if (start === undefined) throw refuse('must be a value of next on property from')
  return Number(start)
}

function refuse(fault: string): TenantError {
  return new TenantError(400, 'invalid_query_string', `Query validation error: '${fault}'.`)
}

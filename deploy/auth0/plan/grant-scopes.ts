import type { Management as Auth0 } from 'auth0'
import type { DesiredState } from '../desired-state.ts'
import type { Step } from './item.ts'
import { type About, aspect, changeOrKeep, foreignScopes, keep } from './steps.ts'

type Grant = Auth0.ClientGrantResponseContent

/** The scopes of the catalogue. */
export function scopesOf({ scopes }: Pick<DesiredState, 'scopes'>): string[] {
  return scopes.map(({ value }) => value)
}

/** The scopes of a grant as they will be before any is removed. */
export function mergedGrantScopes(grant: Grant | undefined, desired: DesiredState): string[] {
  return withAll(grant?.scope ?? [], scopesOf(desired))
}

/** What is there, and what is needed and is not. */
export function withAll(there: readonly string[], needed: readonly string[]): string[] {
  return [...new Set([...there, ...needed])]
}

/** Brings an existing grant up to the catalogue, and with `--prune` down to it. */
export function grantChange(
  about: About,
  grant: Grant,
  desired: DesiredState,
): { readonly change: Step; readonly removals: readonly Step[] } {
  // It has whatever the API has; Auth0 takes no scopes for it.
  if (grant.allow_all_scopes === true) return { change: keep(about), removals: [] }
  const { id = '', scope: before = [] } = grant
  const needed = scopesOf(desired)
  const change = changeOrKeep(
    about,
    [aspect('scope', before, withAll(before, needed))],
    (body) => ({ call: 'clientGrants.update', id, body }),
  )
  const extra = before.filter((scope) => !needed.includes(scope))
  const removal = { call: 'clientGrants.update', id, body: { scope: needed } } as const
  const removals = foreignScopes(about, extra, { prune: desired.prune, change: removal })
  return { change, removals }
}

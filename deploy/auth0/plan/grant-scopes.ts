import type { Management as Auth0 } from 'auth0'
import type { DesiredState } from '../desired-state.ts'
import type { ProvisionStep } from './item.ts'
import { changeOrKeep, type ItemInfo, keep, patchField, unusedScopeSteps } from './steps.ts'

type Grant = Auth0.ClientGrantResponseContent

/** Returns the scopes of the catalogue. */
export function scopesOf({ scopes }: Pick<DesiredState, 'scopes'>): string[] {
  return scopes.map(({ value }) => value)
}

/** Returns the scopes of a grant before removals. */
export function mergedGrantScopes(grant: Grant | undefined, desired: DesiredState): string[] {
  return withAll(grant?.scope ?? [], scopesOf(desired))
}

/** Returns the existing values and the missing ones, without duplicates. */
export function withAll(existing: readonly string[], needed: readonly string[]): string[] {
  return [...new Set([...existing, ...needed])]
}

/** Adds the missing scopes of the catalogue to an existing grant; with `--prune` removes the others. */
export function grantChange(
  info: ItemInfo,
  grant: Grant,
  desired: DesiredState,
): { readonly change: ProvisionStep; readonly removals: readonly ProvisionStep[] } {
  // The grant covers all scopes of the API; Auth0 rejects a scope list for it.
  if (grant.allow_all_scopes === true) return { change: keep(info), removals: [] }
  const { id = '', scope: before = [] } = grant
  const needed = scopesOf(desired)
  const change = changeOrKeep(
    info,
    [patchField('scope', before, withAll(before, needed))],
    (body) => ({ call: 'clientGrants.update', id, body }),
  )
  const extra = before.filter((scope) => !needed.includes(scope))
  const removal = { call: 'clientGrants.update', id, body: { scope: needed } } as const
  const removals = unusedScopeSteps(info, extra, { prune: desired.prune, change: removal })
  return { change, removals }
}

import { asObject } from '../../../shared/json.ts'
import { SCOPE_TOKEN } from '../../../shared/oauth/scope.ts'
import type { ApiDocument } from '../document/load-document.ts'
import type { Operation } from '../document/operation.ts'
import { OperationError } from '../import-error.ts'
import { securityOf, securityScheme } from './security.ts'

/** The access members of a tool in the catalogue: `scopes` if that is sufficient, or else `securitySchemes`. */
export type AccessMembers =
  | { readonly scopes: readonly string[] }
  | { readonly securitySchemes: readonly Readonly<Record<string, unknown>>[] }

/** The access of operations without security in the document. */
export type DefaultAccess = AccessMembers | undefined

/** Public access without a sign-in. */
export const PUBLIC: AccessMembers = { scopes: [] }

/** Returns access for signed-in users, with the given scopes. */
export function signedIn(scopes: readonly string[]): AccessMembers {
  return scopes.length > 0
    ? { scopes: [...scopes].sort() }
    : { securitySchemes: [{ type: 'oauth2', scopes: [] }] }
}

/**
 * Returns the access of an operation by its own `security` or the document's. `[]` = public; `{}` as one
 * alternative = optional. The scopes of `oauth2` and `openIdConnect` become the tool's scopes; other
 * schemes require a sign-in without scopes. Uses the first alternative with scopes, because users sign in
 * with OAuth, and reports the others to `onNote`.
 *
 * @throws OperationError if the document declares no security and there is no default.
 */
export function accessOf(
  document: ApiDocument,
  operation: Operation,
  fallback: DefaultAccess,
  onNote: (note: string) => void,
): AccessMembers {
  const security = securityOf(document, operation)
  if (security !== undefined && security !== null && !Array.isArray(security)) {
    throw new OperationError('its security is not a list')
  }
  if (!Array.isArray(security)) {
    if (fallback !== undefined) return fallback
    throw new OperationError(
      'the document declares no security for it: pass --default-scopes, --signed-in or --public',
    )
  }
  const alternatives = security.map((one: unknown) => asObject(one) ?? {})
  const named = alternatives.filter((one) => Object.keys(one).length > 0)
  if (named.length === 0) return PUBLIC
  const read = named.map((one) => ({ one, scopes: scopesOf(document, one, onNote) }))
  const { one, scopes } = read.find((each) => each.scopes.length > 0) ?? read[0] ?? { scopes: [] }
  if (read.some((other) => other.scopes.join(' ') !== scopes.join(' '))) {
    onNote(
      `security has ${read.length} alternatives with different scopes; using ${Object.keys(one ?? {}).join(' and ')}`,
    )
  }
  if (named.length === alternatives.length) return signedIn(scopes)
  return { securitySchemes: [{ type: 'noauth' }, { type: 'oauth2', scopes }] }
}

function scopesOf(
  document: ApiDocument,
  requirement: Readonly<Record<string, unknown>>,
  onNote: (note: string) => void,
): string[] {
  const scopes = Object.entries(requirement).flatMap(([name, listed]) => {
    const { type } = securityScheme(document, name)
    if (type === undefined) onNote(`the security scheme ${JSON.stringify(name)} is not declared`)
    // Since OpenAPI 3.1, other schemes may list roles, which are not scopes.
    const hasScopes = type === undefined || type === 'oauth2' || type === 'openIdConnect'
    return hasScopes && Array.isArray(listed) ? listed.map(String) : []
  })
  const wrong = scopes.find((scope) => !SCOPE_TOKEN.test(scope))
  if (wrong !== undefined) {
    throw new OperationError(
      `its scope ${JSON.stringify(wrong.slice(0, 100))} is not a scope token`,
    )
  }
  return [...new Set(scopes)].sort()
}

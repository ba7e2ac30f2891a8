import '../schema-messages.ts'

import * as z from 'zod/mini'
import { SCOPE_TOKEN } from '../oauth/scope.ts'

/**
 * Who may call a tool. `public` (`noauth`): everyone. `optional` (`noauth` and `oauth2`): everyone, and a
 * caller who is signed in is passed on as such, whatever the token's scopes. `signed-in` (`oauth2`): a
 * caller whose token has all of the tool's scopes, of which there may be none. A token that is sent and
 * not valid is refused on all of them.
 */
export type Access = 'public' | 'optional' | 'signed-in'

/** Who may call a tool, and what a caller who signs in for it is asked to grant. */
export interface AccessRule {
  readonly access: Access
  /** Sorted; empty for a public tool. */
  readonly scopes: readonly string[]
}

/** How ChatGPT reads what a tool needs: beside the tool, and mirrored in its `_meta`. */
export type SecurityScheme =
  | { readonly type: 'noauth' }
  | { readonly type: 'oauth2'; readonly scopes: readonly string[] }

export const scopeList = z.pipe(
  z.array(z.string().check(z.regex(SCOPE_TOKEN, 'is not a scope-token (RFC 6749 s3.3)'))),
  z.transform((values) => [...new Set(values)].sort()),
)

export const schemeList = z
  .array(
    z.discriminatedUnion('type', [
      z.object({ type: z.literal('noauth') }),
      z.object({ type: z.literal('oauth2'), scopes: z._default(scopeList, []) }),
    ]),
  )
  .check(
    z.minLength(1, 'must name a scheme: noauth, oauth2 or both'),
    z.refine(
      (schemes) => new Set(schemes.map(({ type }) => type)).size === schemes.length,
      'must name each scheme once',
    ),
  )

/** The short form: no scopes, no sign-in. */
export function ruleOfScopes(scopes: readonly string[]): AccessRule {
  return { access: scopes.length === 0 ? 'public' : 'signed-in', scopes }
}

export function ruleOfSchemes(schemes: readonly SecurityScheme[]): AccessRule {
  const isPublic = schemes.some(({ type }) => type === 'noauth')
  const scopes = schemes.flatMap((scheme) => ('scopes' in scheme ? scheme.scopes : []))
  const isSignedIn = schemes.some(({ type }) => type === 'oauth2')
  return { access: !isSignedIn ? 'public' : isPublic ? 'optional' : 'signed-in', scopes }
}

/** The schemes that say what a rule says. */
export function schemesOf({ access, scopes }: AccessRule): readonly SecurityScheme[] {
  return [
    ...(access === 'signed-in' ? [] : [{ type: 'noauth' } as const]),
    ...(access === 'public' ? [] : [{ type: 'oauth2', scopes } as const]),
  ]
}

/** Whether a tool can be called without signing in. */
export function isOpen({ access }: Pick<AccessRule, 'access'>): boolean {
  return access !== 'signed-in'
}

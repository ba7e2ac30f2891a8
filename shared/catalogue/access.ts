import '../schema-messages.ts'

import * as z from 'zod/mini'
import { lazily } from '../lazily.ts'
import { SCOPE_TOKEN } from '../oauth/scope.ts'

/**
 * Who may call a tool. `public` (`noauth`): everyone. `optional` (`noauth` and `oauth2`): everyone, and
 * the backend learns the identity of a signed-in caller, whose scopes are not checked. `signed-in`
 * (`oauth2`): a caller whose token has all of the tool's scopes; the tool may have none. An invalid
 * token is always refused.
 */
export type Access = 'public' | 'optional' | 'signed-in'

/** Who may call a tool, and which scopes a sign-in for it requests. */
export interface AccessRule {
  readonly access: Access
  /** Sorted; empty for a public tool. */
  readonly scopes: readonly string[]
}

/** A security scheme of a tool as ChatGPT reads it, from the tool itself or from its `_meta`. */
export type SecurityScheme =
  | { readonly type: 'noauth' }
  | { readonly type: 'oauth2'; readonly scopes: readonly string[] }

const NOT_A_SCOPE =
  'is not a scope-token (RFC 6749 s3.3). Write one scope per item, in ASCII without blanks, quotes or backslashes'
const NOT_A_LIST =
  'Invalid input: expected array, received string. Write a list, for example ["events:read"]'

export const scopeList = lazily(() =>
  z.pipe(
    z.array(z.string().check(z.regex(SCOPE_TOKEN, NOT_A_SCOPE)), {
      error: ({ input }) => (typeof input === 'string' ? NOT_A_LIST : undefined),
    }),
    z.transform((values) => [...new Set(values)].sort()),
  ),
)

export const schemeList = lazily(() =>
  z
    .array(
      z.discriminatedUnion('type', [
        z.object({ type: z.literal('noauth') }),
        z.object({ type: z.literal('oauth2'), scopes: z._default(scopeList(), []) }),
      ]),
    )
    .check(
      z.minLength(1, 'must name a scheme: noauth, oauth2 or both'),
      z.refine(
        (schemes) => new Set(schemes.map(({ type }) => type)).size === schemes.length,
        'must name each scheme once',
      ),
    ),
)

/** Returns the rule of the short form, in which a tool without scopes is public. */
export function ruleOfScopes(scopes: readonly string[]): AccessRule {
  return { access: scopes.length === 0 ? 'public' : 'signed-in', scopes }
}

/** Returns the rule that the schemes declare. */
export function ruleOfSchemes(schemes: readonly SecurityScheme[]): AccessRule {
  const isPublic = schemes.some(({ type }) => type === 'noauth')
  const scopes = schemes.flatMap((scheme) => ('scopes' in scheme ? scheme.scopes : []))
  const isSignedIn = schemes.some(({ type }) => type === 'oauth2')
  return { access: !isSignedIn ? 'public' : isPublic ? 'optional' : 'signed-in', scopes }
}

/** Returns the security schemes that declare a rule. */
export function schemesOf({ access, scopes }: AccessRule): readonly SecurityScheme[] {
  return [
    ...(access === 'signed-in' ? [] : [{ type: 'noauth' } as const]),
    ...(access === 'public' ? [] : [{ type: 'oauth2', scopes } as const]),
  ]
}

/** Returns whether a tool can be called without a sign-in. */
export function isOpen({ access }: Pick<AccessRule, 'access'>): boolean {
  return access !== 'signed-in'
}

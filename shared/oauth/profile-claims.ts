/** Claims that tell a person whose account is connected. */
export type ProfileClaims = Readonly<Partial<Record<(typeof NAMES)[number], string>>>

const NAMES = ['name', 'email', 'nickname'] as const

/**
 * These claims of an access token; undefined when it has none. Auth0 leaves them out of access tokens
 * unless an Action adds them under a namespace, so that a claim counts by its own name or, as a URL,
 * by the last part of its path: `https://example.com/email`.
 */
export function profileClaims(
  claims: Readonly<Record<string, unknown>>,
): ProfileClaims | undefined {
  const found = NAMES.flatMap((name) => {
    const value = claims[name] ?? namespaced(claims, name)
    return typeof value === 'string' && value.trim() !== '' ? [[name, value] as const] : []
  })
  return found.length > 0 ? Object.fromEntries(found) : undefined
}

function namespaced(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  const key = Object.keys(claims).find(
    (key) => /^https?:\/\//.test(key) && key.endsWith(`/${name}`),
  )
  return key === undefined ? undefined : claims[key]
}

/** The claims that show a user which account is connected. */
export type ProfileClaims = Readonly<Partial<Record<(typeof NAMES)[number], string>>>

const NAMES = ['name', 'email', 'nickname'] as const

/**
 * Returns the profile claims of an access token; undefined if it has none. Auth0 does not include them in
 * access tokens unless an Action adds them under a namespace. So a claim is found by its plain name or as
 * the last path segment of a URL: `https://example.com/email`.
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

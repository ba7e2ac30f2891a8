import type { Management as Auth0 } from 'auth0'

/**
 * Returns the unchanged fields that every PATCH of this connection must include. If a PATCH omits the
 * display name or the realms, Auth0 resets them to the connection's name.
 */
export function fieldsToResend({
  name,
  display_name,
  realms,
}: Auth0.ConnectionForList): Pick<Auth0.UpdateConnectionRequestContent, 'display_name' | 'realms'> {
  const hasOwnRealms = realms?.some((realm) => realm !== name) === true
  return {
    ...(display_name !== undefined && display_name !== name && { display_name }),
    ...(hasOwnRealms && { realms }),
  }
}

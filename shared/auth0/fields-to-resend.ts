import type { Management as Auth0 } from 'auth0'

/**
 * What a patch of this connection has to send besides what it changes: Auth0 puts the connection's
 * name in place of a display name, or of realms, that a patch does not send.
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

import type { Caller } from '../authenticator.ts'
import type { BackendPlan } from '../backend/backend-request.ts'
import type { CallableTool } from '../callable-tool.ts'
import type { Authority, BackendAuth, BackendAuthOptions } from './authority.ts'
import { createClientCredentials } from './client-credentials.ts'
import { createExchange } from './on-behalf-of.ts'

const NO_CREDENTIALS: Authority = { fields: {} }

/** Creates the function that obtains the credentials that `backendAuth` of a tool requires. */
export function createBackendAuth(options: BackendAuthOptions): BackendAuth {
  const { secrets, googleIdentity, isGoogleForAll } = options
  const clientCredentials = createClientCredentials(options)
  const exchange = createExchange(options)

  const own = async (
    { backendAuth }: Pick<CallableTool, 'backendAuth'>,
    identityUrl: string,
    caller: Caller | undefined,
  ): Promise<Authority> => {
    switch (backendAuth?.type) {
      case 'header': {
        const { name, prefix, secret } = backendAuth
        return { fields: { [name.toLowerCase()]: `${prefix}${secrets.named[secret] ?? ''}` } }
      }
      case 'client_credentials':
        return clientCredentials(backendAuth)
      case 'on_behalf_of':
        return exchange(backendAuth, caller)
      case 'google_id_token':
        return { fields: await googleIdentity(identityUrl) }
      case 'assertion':
      case undefined:
        return NO_CREDENTIALS
    }
  }
  const withGoogleIdentity = async (
    authorized: Promise<Authority>,
    identityUrl: string,
  ): Promise<Authority> => {
    const authority = await authorized
    return { ...authority, fields: { ...(await googleIdentity(identityUrl)), ...authority.fields } }
  }

  return (tool, { isOwn, identityUrl }, caller) => {
    const type = typeOf(tool)
    // An API outside FUNCTIONS_BASE gets an ID token of this function only if its tool sets
    // google_id_token.
    const addsGoogleIdentity = isGoogleForAll && isOwn && type !== 'google_id_token'
    // Most calls need no credentials.
    if (type === 'assertion' && !addsGoogleIdentity) return undefined
    const authorized = own(tool, identityUrl, caller)
    return addsGoogleIdentity ? withGoogleIdentity(authorized, identityUrl) : authorized
  }
}

function typeOf({ backendAuth }: Pick<CallableTool, 'backendAuth'>) {
  return backendAuth?.type ?? 'assertion'
}

/**
 * Whether the call carries the signed assertion. Every backend below FUNCTIONS_BASE gets it, and so do
 * other backends that have no other means to identify the caller. An API that is called with its own
 * credentials gets no information about the user beyond them.
 */
export function hasAssertion(
  tool: Pick<CallableTool, 'backendAuth'>,
  { isOwn }: Pick<BackendPlan, 'isOwn'>,
): boolean {
  const type = typeOf(tool)
  return isOwn || type === 'assertion' || type === 'google_id_token'
}

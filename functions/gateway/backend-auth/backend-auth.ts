import type { BackendPlan } from '../backend/backend-request.ts'
import type { CallableTool } from '../callable-tool.ts'
import type { Identity } from '../identity.ts'
import type { Authority, BackendAuth, BackendAuthOptions } from './authority.ts'
import { createClientCredentials } from './client-credentials.ts'
import { createExchange } from './on-behalf-of.ts'

const NOTHING: Authority = { fields: {} }

/** Calls backends as `backendAuth` of each tool says. */
export function createBackendAuth(options: BackendAuthOptions): BackendAuth {
  const { secrets, googleIdentity, isGoogleForAll } = options
  const clientCredentials = createClientCredentials(options)
  const exchange = createExchange(options)

  const own = async (
    { backendAuth }: Pick<CallableTool, 'backendAuth'>,
    identityUrl: string,
    identity: Identity,
  ): Promise<Authority> => {
    switch (backendAuth?.type) {
      case 'header': {
        const { name, prefix, secret } = backendAuth
        return { fields: { [name.toLowerCase()]: `${prefix}${secrets.named[secret] ?? ''}` } }
      }
      case 'client_credentials':
        return clientCredentials(backendAuth)
      case 'on_behalf_of':
        return exchange(backendAuth, identity)
      case 'google_id_token':
        return { fields: await googleIdentity(identityUrl) }
      case 'assertion':
      case undefined:
        return NOTHING
    }
  }
  const withGoogleIdentity = async (
    authorized: Promise<Authority>,
    identityUrl: string,
  ): Promise<Authority> => {
    const authority = await authorized
    return { ...authority, fields: { ...(await googleIdentity(identityUrl)), ...authority.fields } }
  }

  return (tool, { isOwn, identityUrl }, identity) => {
    const type = typeOf(tool)
    // Another's API learns nothing of this function's service account, unless its tool says so.
    const addsGoogleIdentity = isGoogleForAll && isOwn && type !== 'google_id_token'
    // Most calls: they have nothing to wait for.
    if (type === 'assertion' && !addsGoogleIdentity) return undefined
    const authorized = own(tool, identityUrl, identity)
    return addsGoogleIdentity ? withGoogleIdentity(authorized, identityUrl) : authorized
  }
}

function typeOf({ backendAuth }: Pick<CallableTool, 'backendAuth'>) {
  return backendAuth?.type ?? 'assertion'
}

/**
 * Whether the signed statement goes along: to every backend below FUNCTIONS_BASE, and to others that
 * have nothing else to know the caller by. An API that is called with credentials of its own learns
 * nothing of the user but what those say.
 */
export function hasStatement(
  tool: Pick<CallableTool, 'backendAuth'>,
  { isOwn }: Pick<BackendPlan, 'isOwn'>,
): boolean {
  const type = typeOf(tool)
  return isOwn || type === 'assertion' || type === 'google_id_token'
}

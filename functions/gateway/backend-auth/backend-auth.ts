import type { BackendPlan } from '../backend/backend-request.ts'
import type { CallableTool } from '../callable-tool.ts'
import type { Authority, BackendAuth, BackendAuthOptions } from './authority.ts'
import { createClientCredentials } from './client-credentials.ts'
import { createExchange } from './on-behalf-of.ts'

const NOTHING: Authority = { fields: {} }

/** Calls backends as `backendAuth` of each tool says. */
export function createBackendAuth(options: BackendAuthOptions): BackendAuth {
  const { secrets, googleIdentity, isGoogleForAll } = options
  const clientCredentials = createClientCredentials(options)
  const exchange = createExchange(options)

  const own: BackendAuth = async ({ backendAuth }, { identityUrl }, identity) => {
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

  return async (tool, backend, identity, signal) => {
    const authority = await own(tool, backend, identity, signal)
    // Another's API learns nothing of this function's service account, unless its tool says so.
    if (!isGoogleForAll || !backend.isOwn || tool.backendAuth?.type === 'google_id_token') {
      return authority
    }
    const identified = await googleIdentity(backend.identityUrl)
    return { ...authority, fields: { ...identified, ...authority.fields } }
  }
}

/**
 * Whether the signed statement goes along: to every backend below FUNCTIONS_BASE, and to others that
 * have nothing else to know the caller by. An API that is called with credentials of its own learns
 * nothing of the user but what those say.
 */
export function hasStatement(
  { backendAuth }: Pick<CallableTool, 'backendAuth'>,
  { isOwn }: Pick<BackendPlan, 'isOwn'>,
): boolean {
  const type = backendAuth?.type ?? 'assertion'
  return isOwn || type === 'assertion' || type === 'google_id_token'
}

import { type AssertionKeys, createAssertionSigner } from '../backend/assertion.ts'
import { type GoogleIdentity, GoogleIdentityError } from '../backend/google-identity.ts'
import { SendError, send } from '../backend/send.ts'
import { type FetchResource, ResourceError } from './read-resource.ts'

export interface FetchResourceOptions {
  readonly functionsBase: string
  readonly publicUrl: string
  readonly keys: AssertionKeys
  readonly timeoutMs: number
  readonly googleIdentity?: GoogleIdentity | undefined
}

/**
 * Returns a function that fetches resources from their backends with `POST FUNCTIONS_BASE/{path}`
 * and the body `{"uri": ...}`. It sends the assertion of the gateway, in which `tool` is the URI,
 * and never the token of the user.
 *
 * The function throws ResourceError if there is no complete response.
 */
export function createFetchResource(options: FetchResourceOptions): FetchResource {
  const signAssertion = createAssertionSigner(options.keys)
  return async ({ uri, source }, { caller, requestId, traceparent, onDisconnect, budget }) => {
    const url = `${options.functionsBase}/${source.path}`
    const body = JSON.stringify({ uri })
    try {
      const { origin, pathname } = new URL(url)
      const headers = {
        'content-type': 'application/json',
        'x-request-id': requestId,
        ...(traceparent !== undefined && { traceparent }),
        ...signAssertion({
          issuer: options.publicUrl,
          audience: url,
          caller,
          tool: uri,
          requestId,
          body,
          now: Math.floor(Date.now() / 1000),
        }),
        ...(await options.googleIdentity?.(url)),
      }
      const timeoutMs = Math.min(source.timeoutMs ?? options.timeoutMs, options.timeoutMs)
      const sent = { method: 'POST', origin, path: pathname, headers, body }
      return await send(sent, { timeoutMs, budget, onDisconnect })
    } catch (error) {
      if (error instanceof SendError) throw new ResourceError(`backend_${error.failure}`, error)
      if (!(error instanceof GoogleIdentityError)) throw error
      throw new ResourceError('backend_identity_unavailable', error)
    }
  }
}

import { exchangeAuthorization, OAuthError } from '@modelcontextprotocol/client'
import { causeOfRefusal } from '../causes/refusal.ts'
import { StepError } from '../causes/step-error.ts'
import type { Fetch } from '../discovery/fetch-document.ts'
import type { Answer } from './authorization-response.ts'
import type { Authorization, AuthorizationRequest } from './sign-in.ts'

/**
 * Exchanges the code, and returns the access token.
 *
 * @throws StepError
 */
export async function exchangeCode(
  send: Fetch,
  request: AuthorizationRequest,
  { redirectUri, codeVerifier }: Authorization,
  { code, iss }: Answer,
): Promise<string> {
  const { metadata, resource, client } = request
  try {
    const tokens = await exchangeAuthorization(metadata.issuer, {
      metadata,
      clientInformation: client,
      authorizationCode: code,
      ...(iss !== undefined && { iss }),
      codeVerifier,
      redirectUri,
      ...(resource.resource !== undefined && { resource: resource.resource }),
      fetchFn: send,
    })
    return tokens.access_token
  } catch (error) {
    if (error instanceof StepError) throw error
    const seen = exchangeFailure(error)
    throw new StepError(causeOfRefusal(seen, 'token_refused'), seen)
  }
}

/** An answer that is no OAuth error is not shown: it may be anything, a token included. */
function exchangeFailure(error: unknown): string {
  if (!(error instanceof OAuthError)) return 'the answer is no token response (RFC 6749 s5.1)'
  const [said = ''] = error.message.split(/: Invalid OAuth error response|Invalid OAuth error/)
  return [error.code, said].filter(Boolean).join(': ').slice(0, 200)
}

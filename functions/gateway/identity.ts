import type { VerifyAccessToken } from '../../shared/access-token.ts'
import { BearerError, bearerChallenge, bearerToken } from '../../shared/bearer.ts'
import { isOpen } from '../../shared/catalogue/access.ts'
import type { Caller } from '../../shared/claims.ts'
import { HttpError } from '../../shared/http-error.ts'
import { JwksUnavailableError } from '../../shared/jwks.ts'
import type { Log } from '../../shared/log.ts'
import { type Catalogue, catalogueScopes, type ToolDefinition } from '../../shared/tools.ts'

/** Who asks: a verified caller, or nobody in particular. */
export type Identity = Caller | undefined

/** Tells who asks. */
export interface Gate {
  /**
   * The caller of a request with these Authorization field values; undefined for a request without
   * credentials where some tool can be called without signing in.
   *
   * @throws BearerError when the credentials will not do, or are missing and every tool needs them.
   * @throws HttpError 503 with Retry-After when no key can be had to judge the token by.
   */
  readonly identify: (authorization: readonly string[], log: Log) => Promise<Identity>
  /** The WWW-Authenticate value for a refusal. */
  readonly challenge: (refusal: BearerError, tool?: ToolDefinition) => string
}

export interface GateOptions {
  readonly verify: VerifyAccessToken
  readonly catalogue: Catalogue
  readonly resourceMetadata: string
}

export function createGate({ verify, catalogue, resourceMetadata }: GateOptions): Gate {
  const allScopes = catalogueScopes(catalogue)
  const hasOpenTool = [...catalogue.values()].some(isOpen)

  return {
    identify: async (authorization, log) => {
      try {
        const accessToken = bearerToken(authorization)
        if (accessToken !== undefined) return await verify(accessToken)
        if (hasOpenTool) return undefined
        throw noCredentials()
      } catch (error) {
        if (error instanceof BearerError) log.info('token_rejected', { reason: error.reason })
        if (!(error instanceof JwksUnavailableError)) throw error
        log.error('jwks_unavailable')
        throw new HttpError(503, 'keys_unavailable', 'The token cannot be checked right now.', {
          headers: { 'retry-after': String(error.retryAfterSeconds) },
        })
      }
    },
    challenge: (refusal, tool) =>
      bearerChallenge({
        error: refusal.code,
        errorDescription: refusal.code === undefined ? undefined : refusal.message,
        scopes: tool?.scopes ?? allScopes,
        resourceMetadata,
      }),
  }
}

/**
 * Checks that the caller may call the tool: for a tool that needs sign-in, that there is one, who was
 * granted every scope that it needs. A tool that is open takes every caller.
 *
 * @throws BearerError without a code for nobody, `insufficient_scope` for somebody with too little.
 */
export function requireScopes(tool: ToolDefinition, identity: Identity): void {
  if (isOpen(tool)) return
  if (identity === undefined) throw noCredentials()
  if (tool.scopes.every((scope) => identity.scopes.has(scope))) return
  throw new BearerError(
    'insufficient_scope',
    'scope_missing',
    `This tool needs: ${tool.scopes.join(' ')}`,
  )
}

function noCredentials(): BearerError {
  return new BearerError(undefined, 'no_credentials', 'You need to log in to continue.')
}

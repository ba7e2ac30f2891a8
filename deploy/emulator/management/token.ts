import { randomUUID } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { importJWK, SignJWT } from 'jose'
import { sendJson, TenantError } from '../http.ts'
import type { TenantLog } from '../log-stream/log-streams.ts'
import type { TenantState } from '../state.ts'
import { MANAGEMENT_SCOPES } from './scopes.ts'
import { takeStaged } from './staged-failures.ts'

const LIFETIME_SECONDS = 86_400
/** Publishes every token request, including the secret. */
const tokenRequests = channel('auth0-emulator:token')

/** Issues and checks Management API tokens (client credentials). */
export interface ManagementTokens {
  /** Answers `POST /oauth/token` for `grant_type=client_credentials`. */
  readonly issue: (form: Readonly<Record<string, unknown>>, res: ServerResponse) => Promise<void>
  /** Checks the token of a request. @throws TenantError 401 if it is not one of these tokens. */
  readonly check: (req: IncomingMessage) => void
  /** The number of issued tokens. */
  readonly count: () => number
}

export function createManagementTokens(state: TenantState, log: TenantLog): ManagementTokens {
  const { issuer, management } = state
  const identifier = `${issuer}api/v2/`
  const tokens = new Set<string>()
  const audiences = new Set([identifier, identifier.replace('http:', 'https:')])
  return {
    issue: async (form, res) => {
      const failure = takeStaged(state, { method: 'POST', path: '/oauth/token', body: form })
      tokenRequests.publish({ issuer, form, isStaged: failure !== undefined })
      if (failure !== undefined) {
        const { status, message: error_description, headers } = failure
        return sendJson(res, status, { error: 'access_denied', error_description }, headers)
      }
      const isKnown =
        form['client_id'] === management.clientId &&
        form['client_secret'] === management.clientSecret
      if (!isKnown) {
        return sendJson(res, 401, { error: 'access_denied', error_description: 'Unauthorized' })
      }
      if (!audiences.has(String(form['audience']))) {
        const error_description = `Service not enabled within domain: ${String(form['audience'])}`
        return sendJson(res, 403, { error: 'access_denied', error_description })
      }
      const scope = grantedScopes(state).join(' ')
      const named = state.faults.management.namesScopes ? { scope } : {}
      const token = await sign(state, String(form['audience']), named)
      tokens.add(token)
      log.emit({
        type: 'seccft',
        description: 'Client Credentials for Access Token',
        client_id: management.clientId,
        audience: identifier,
        scope,
      })
      const about = { expires_in: LIFETIME_SECONDS, token_type: 'Bearer' }
      sendJson(res, 200, { access_token: token, ...named, ...about })
    },
    check: ({ headers }) => {
      const token = /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1]
      if (token === undefined) throw new TenantError(401, 'missing_token', 'Missing authentication')
      if (!tokens.has(token)) throw new TenantError(401, 'invalid_token', 'Invalid token')
    },
    count: () => tokens.size,
  }
}

/**
 * Returns the current scopes of the Management API client. In Auth0, a token keeps its scopes. In the
 * emulator, a change applies to issued tokens too, so that a fault can be injected and removed.
 */
export function grantedScopes({ issuer, management, grants, faults }: TenantState): string[] {
  const grant = [...grants.values()].find(
    ({ client_id, audience }) =>
      client_id === management.clientId && audience === `${issuer}api/v2/`,
  )
  const granted = grant?.scope ?? []
  const staged = faults.management.scopes
  return MANAGEMENT_SCOPES.filter(
    (scope) => granted.includes(scope) && (staged === null || staged.includes(scope)),
  )
}

async function sign(
  state: TenantState,
  audience: string,
  claims: { readonly scope?: string },
): Promise<string> {
  const { keys, issuer, management } = state
  const [key] = keys
  if (key === undefined) throw new Error('The tenant has no signing key')
  const { clientId } = management
  return new SignJWT({ ...claims, gty: 'client-credentials', azp: clientId })
    .setProtectedHeader({
      alg: 'RS256',
      typ: 'JWT',
      ...(key.kid !== undefined && { kid: key.kid }),
    })
    .setIssuer(issuer)
    .setSubject(`${clientId}@clients`)
    .setAudience(audience)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime(`${LIFETIME_SECONDS}s`)
    .sign(await importJWK(key, 'RS256'))
}

import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { sendJson, TenantError } from './http.ts'
import type { TenantState } from './state.ts'

const LIFETIME_SECONDS = 86_400

/** Gives out and knows tokens for the Management API, by client credentials. */
export interface ManagementTokens {
  /** Answers `POST /oauth/token` for `grant_type=client_credentials`. */
  readonly issue: (form: Readonly<Record<string, unknown>>, res: ServerResponse) => void
  /** @throws TenantError 401 for a request without one of these tokens. */
  readonly check: (req: IncomingMessage) => void
}

export function createManagementTokens({ issuer, management }: TenantState): ManagementTokens {
  const tokens = new Set<string>()
  const audiences = new Set([`${issuer}api/v2/`, `${issuer}api/v2/`.replace('http:', 'https:')])
  return {
    issue: (form, res) => {
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
      const token = randomBytes(32).toString('base64url')
      tokens.add(token)
      sendJson(res, 200, {
        access_token: token,
        token_type: 'Bearer',
        expires_in: LIFETIME_SECONDS,
      })
    },
    check: ({ headers }) => {
      const token = /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1]
      if (token === undefined) throw new TenantError(401, 'missing_token', 'Missing authentication')
      if (!tokens.has(token)) throw new TenantError(401, 'invalid_token', 'Invalid token')
    },
  }
}

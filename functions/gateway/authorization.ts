import { type AccessRule, isOpen } from '../../shared/catalogue/access.ts'
import type { Log } from '../../shared/log.ts'
import { BearerError } from '../../shared/oauth/bearer.ts'
import { type Caller, noCredentials } from './authenticator.ts'

/** A tool, identified by its name, or a resource, identified by its URI. */
export type Target = AccessRule & ({ readonly name: string } | { readonly uri: string })

/** Why a caller may not use a tool or a resource. */
export type Refusal = BearerError | PermissionError

/**
 * The user lacks permissions that a tool or resource requires. `message` is for the user. The
 * refusal has no challenge, because a challenge would make the client sign the user in again, and
 * the new token would lack the same scopes.
 */
export class PermissionError extends Error {
  override readonly name = 'PermissionError'
  readonly status = 403
  readonly reason = 'permission_missing'

  constructor(permissions: readonly string[]) {
    const [named, them] =
      permissions.length === 1
        ? [`permission ${permissions[0]}`, 'it']
        : [`permissions ${permissions.slice(0, -1).join(', ')} and ${permissions.at(-1)}`, 'them']
    super(
      `Your account lacks the ${named}. Signing in again does not change that; an administrator can grant ${them}.`,
    )
  }
}

/**
 * Decides whether the caller may call the tool or read the resource. Returns undefined if so,
 * otherwise the refusal, which is also written to the audit log. An open target accepts every
 * caller. Any other target requires a caller with all of its scopes.
 *
 * The refusal is a BearerError without a code for an anonymous caller, a BearerError
 * `insufficient_scope` if a new sign-in can help, and a PermissionError if the token has
 * `permissions` and these lack a missing scope.
 */
export function authorize(
  target: Target,
  caller: Caller | undefined,
  log: Log,
): Refusal | undefined {
  const refusal = refusalFor(target, caller)
  if (refusal !== undefined) {
    auditDecision(target, caller, log, { decision: 'denied', reason: refusal.reason })
  }
  return refusal
}

/** Writes the audit record of a decision: `tool_called` or `resource_read`. */
export function auditDecision(
  target: Target,
  caller: Caller | undefined,
  log: Log,
  fields: { readonly decision: 'allowed' | 'denied'; readonly reason?: string },
): void {
  const { subject, clientId: client } = caller ?? {}
  if ('uri' in target) {
    log.audit('resource_read', { resource: target.uri, subject, client, ...fields })
  } else {
    log.audit('tool_called', { tool: target.name, subject, client, ...fields })
  }
}

/**
 * A scope outside `permissions` stays missing after a new sign-in, whatever SCOPE_SOURCE is: for an
 * API with RBAC, Auth0 grants no scopes beyond the user's permissions.
 */
function refusalFor(target: Target, caller: Caller | undefined): Refusal | undefined {
  if (isOpen(target)) return undefined
  if (caller === undefined) return noCredentials()
  const missing = target.scopes.filter((scope) => !caller.scopes.has(scope))
  if (missing.length === 0) return undefined
  const { permissions } = caller
  const withheld = permissions && missing.filter((scope) => !permissions.has(scope))
  if (withheld !== undefined && withheld.length > 0) return new PermissionError(withheld)
  const kind = 'uri' in target ? 'resource' : 'tool'
  const needed = `This ${kind} needs: ${target.scopes.join(' ')}`
  return new BearerError('insufficient_scope', 'scope_missing', needed)
}

import type { DesiredState } from './desired-state.ts'
import type { Step } from './plan-item.ts'
import {
  type About,
  aspect,
  blocked,
  changeOrKeep,
  keep,
  report,
  unreadable,
} from './plan-steps.ts'
import { securityModeOf } from './plan-tenant.ts'
import type { TenantSnapshot } from './read-tenant.ts'
import type { ConnectionState } from './tenant-lookups.ts'

/**
 * Whether clients sign people in as third parties. Permissive ones do not: log-webhook makes each a
 * first-party client and enables the connection for it, while at domain level all could sign people
 * in, admitted or not. Clients of a metadata document are always strict.
 */
export function servesThirdParties(desired: DesiredState, snapshot: TenantSnapshot): boolean {
  return securityModeOf(snapshot) !== 'permissive' || desired.cimd !== undefined
}

/** The login connections, shared with third-party clients where these sign people in. */
export function planConnections(desired: DesiredState, snapshot: TenantSnapshot): Step[] {
  const isShared = servesThirdParties(desired, snapshot)
  return snapshot.connections.map(({ name, state }) => {
    const about: About = {
      area: 'connection',
      subject: name,
      why: isShared
        ? 'Strict third-party clients sign people in through domain-level connections only'
        : 'People sign in with it; log-webhook enables it for each client that it admits',
      where: `Authentication > Social, Database or Enterprise > ${name}`,
    }
    if ('failure' in state) return unreadable(about, state.failure)
    if (state.value === undefined) return absent(about)
    return isShared ? share(about, state.value) : keepToItself(about, state.value)
  })
}

/** Sharing alone: a patch of `options` would replace all of them. */
function share(about: About, { id, isDomainConnection, kept }: ConnectionState): Step {
  const aspects = [aspect('is_domain_connection', isDomainConnection, true)]
  return changeOrKeep(about, aspects, (body) => ({
    call: 'connections.update',
    id,
    body: { ...body, ...kept },
  }))
}

function keepToItself(about: About, { isDomainConnection }: ConnectionState): Step {
  if (!isDomainConnection) return keep(about)
  const why =
    'It is at domain level, so every permissive client that registers can sign people in, admitted or not; left alone, since other applications may need it'
  return report({ ...about, why })
}

function absent(about: About): Step {
  const why =
    'There is no connection of this name: make it in the dashboard, or name another in GOOGLE_CONNECTION_NAME'
  return blocked(about, why)
}

import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import type { ConnectionState } from '../tenant-lookups.ts'
import { linked } from './dependencies.ts'
import type { Step } from './item.ts'
import { type About, aspect, blocked, changeOrKeep, keep, report, unreadable } from './steps.ts'
import { servesThirdParties } from './third-parties.ts'

/** The login connections, shared with third-party clients where these sign people in. */
export function planConnections(desired: DesiredState, snapshot: TenantSnapshot): Step[] {
  const isShared = servesThirdParties(desired, snapshot)
  return snapshot.connections.flatMap(({ name, state }) => {
    const about: About = {
      area: 'connection',
      subject: name,
      why: isShared
        ? 'Third-party clients sign people in through domain-level connections only'
        : 'People sign in with it; log-webhook enables it for each client that it admits',
      where: `Authentication > Social, Database or Enterprise > ${name}`,
    }
    return linked([planConnection(about, state, isShared)], keyOf(name))
  })
}

/** What other steps know a connection's step by. */
export function keyOf(name: string): string {
  return `connection:${name}`
}

function planConnection(
  about: About,
  state: TenantSnapshot['connections'][number]['state'],
  isShared: boolean,
): Step {
  if ('failure' in state) return unreadable(about, state.failure)
  if (state.value === undefined) return absent(about)
  return isShared ? share(about, state.value) : keepToItself(about, state.value)
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

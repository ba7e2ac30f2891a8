import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import type { ConnectionState } from '../tenant-lookups.ts'
import { linked } from './dependencies.ts'
import type { ProvisionStep } from './item.ts'
import {
  blocked,
  changeOrKeep,
  type ItemInfo,
  keep,
  patchField,
  report,
  unreadable,
} from './steps.ts'
import { servesThirdParties } from './third-parties.ts'

/** Plans the login connections: at domain level if third-party clients sign users in. */
export function planConnections(desired: DesiredState, snapshot: TenantSnapshot): ProvisionStep[] {
  const isShared = servesThirdParties(desired, snapshot)
  return snapshot.connections.flatMap(({ name, state }) => {
    const info: ItemInfo = {
      area: 'connection',
      subject: name,
      why: isShared
        ? 'Third-party clients can sign users in only through domain-level connections'
        : 'Users sign in with it; log-webhook enables it for each client that it admits',
      where: `Authentication > Social, Database or Enterprise > ${name}`,
    }
    return linked([planConnection(info, state, isShared)], keyOf(name))
  })
}

/** Returns the key of a connection's step. */
export function keyOf(name: string): string {
  return `connection:${name}`
}

function planConnection(
  info: ItemInfo,
  state: TenantSnapshot['connections'][number]['state'],
  isShared: boolean,
): ProvisionStep {
  if ('failure' in state) return unreadable(info, state.failure)
  if (state.value === undefined) return connectionMissing(info)
  return isShared ? shareAtDomainLevel(info, state.value) : keepPrivate(info, state.value)
}

/** Sends no `options`, because a patch would replace all of them. */
function shareAtDomainLevel(
  info: ItemInfo,
  { id, isDomainConnection, kept }: ConnectionState,
): ProvisionStep {
  const patches = [patchField('is_domain_connection', isDomainConnection, true)]
  return changeOrKeep(info, patches, (body) => ({
    call: 'connections.update',
    id,
    body: { ...body, ...kept },
  }))
}

function keepPrivate(info: ItemInfo, { isDomainConnection }: ConnectionState): ProvisionStep {
  if (!isDomainConnection) return keep(info)
  const why =
    'It is at domain level, so every permissive client that registers can sign users in, admitted or not; not changed, because other applications may need it'
  return report({ ...info, why })
}

function connectionMissing(info: ItemInfo): ProvisionStep {
  const why =
    'There is no connection with this name: create it in the dashboard, or set another name in GOOGLE_CONNECTION_NAME'
  return blocked(info, why)
}

import type { Management as Auth0 } from 'auth0'
import { registrationKind, withLeeway } from '../../../shared/registered-client.ts'
import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { PREDEFINED_MARK } from '../tenant-lookups.ts'
import { isOurs } from './client-grants.ts'
import type { Step } from './item.ts'
import { type About, type Aspect, changeOrKeep } from './steps.ts'

/**
 * The leeway of the refresh tokens of admitted and imported clients, where they rotate without one. The
 * client of `--predefined` has a step of its own.
 */
export function planRefreshTokens(desired: DesiredState, { clients }: TenantSnapshot): Step[] {
  if ('failure' in clients) return []
  return clients.value
    .filter((client) => isOurs(client, desired))
    .filter((client) => desired.admitsClients || registrationKind(client) === 'imported')
    .filter(({ client_metadata: metadata }) => metadata?.[PREDEFINED_MARK] === undefined)
    .flatMap((client) => planLeeway(client))
}

function planLeeway(client: Auth0.Client): Step[] {
  const { client_id: id = '', name = id } = client
  const refresh_token = withLeeway(client)
  if (refresh_token === undefined) return []
  const about: About = {
    area: 'client',
    subject: `${name}, client id ${id}`,
    why: 'Without a leeway, Auth0 signs the person out when the client sends one refresh token twice',
    where: 'Applications > Applications',
  }
  const step = changeOrKeep(about, [leewayOf(client, refresh_token)], (body) => ({
    call: 'clients.update',
    id,
    body,
  }))
  return [{ ...step, whenRefused: 'Its refresh tokens stay without a leeway' }]
}

/** The leeway as a change of the client. */
export function leewayOf(
  { refresh_token: before }: Auth0.Client,
  refresh_token: Auth0.ClientRefreshTokenConfiguration,
): Aspect<Auth0.UpdateClientRequestContent> {
  return {
    fields: [
      { field: 'refresh_token.leeway', before: before?.leeway, after: refresh_token.leeway },
    ],
    patch: { refresh_token },
  }
}

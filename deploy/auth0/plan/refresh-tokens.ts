import type { Management as Auth0 } from 'auth0'
import {
  ROTATING_REFRESH_TOKEN,
  registrationKind,
  withLeeway,
} from '../../../shared/auth0/registered-client.ts'
import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { PREDEFINED_MARK } from '../tenant-lookups.ts'
import { isOurs } from './client-grants.ts'
import type { ProvisionStep } from './item.ts'
import { changeOrKeep, type FieldPatch, type ItemInfo } from './steps.ts'

const REFUSED = 'Its refresh tokens still have no leeway'

/**
 * Plans a leeway for rotating refresh tokens without one, of admitted and imported clients. The client
 * of `--predefined` has a separate step.
 */
export function planRefreshTokens(
  desired: DesiredState,
  snapshot: TenantSnapshot,
): ProvisionStep[] {
  const { clients } = snapshot
  if ('failure' in clients) return []
  const existingInfo = clients.value
    .filter((client) => isOurs(client, desired))
    .filter((client) => desired.admitsClients || registrationKind(client) === 'imported')
    .filter(({ client_metadata: metadata }) => metadata?.[PREDEFINED_MARK] === undefined)
    .flatMap((client) => planLeeway(client))
  return [...existingInfo, ...planNewLeeway(desired, snapshot)]
}

/** Plans the leeway of a `--cimd` client that this run creates. */
function planNewLeeway({ cimd }: DesiredState, { cimdClient }: TenantSnapshot): ProvisionStep[] {
  const isNew = 'value' in cimdClient && cimdClient.value === undefined
  if (cimd === undefined || !isNew) return []
  const { leeway: after } = ROTATING_REFRESH_TOKEN
  const changes = [{ field: 'refresh_token.leeway', before: undefined, after }]
  return [
    {
      item: { ...info(cimd), action: 'change', changes },
      change: { call: 'clients.refreshTokens.leeway', client: { stepKey: 'cimd' } },
      after: ['cimd'],
      whenRefused: REFUSED,
    },
  ]
}

function planLeeway(client: Auth0.Client): ProvisionStep[] {
  const { client_id: id = '', name = id } = client
  const refresh_token = withLeeway(client)
  if (refresh_token === undefined) return []
  const step = changeOrKeep(
    info(`${name}, client id ${id}`),
    [leewayOf(client, refresh_token)],
    (body) => ({
      call: 'clients.update',
      id,
      body,
    }),
  )
  return [{ ...step, whenRefused: REFUSED }]
}

function info(client: string): ItemInfo {
  return {
    area: 'client',
    subject: `refresh tokens of ${client}`,
    why: 'Without a leeway, Auth0 signs the user out when the client sends a refresh token twice',
    where: 'Applications > Applications',
  }
}

/** Returns the patch that sets the leeway. */
export function leewayOf(
  { refresh_token: before }: Auth0.Client,
  refresh_token: Auth0.ClientRefreshTokenConfiguration,
): FieldPatch<Auth0.UpdateClientRequestContent> {
  return {
    fields: [
      { field: 'refresh_token.leeway', before: before?.leeway, after: refresh_token.leeway },
    ],
    patch: { refresh_token },
  }
}

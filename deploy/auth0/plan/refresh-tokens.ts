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
import type { Step } from './item.ts'
import { type About, type Aspect, changeOrKeep } from './steps.ts'

const REFUSED = 'Its refresh tokens stay without a leeway'

/**
 * The leeway of the refresh tokens of admitted and imported clients, where they rotate without one. The
 * client of `--predefined` has a step of its own.
 */
export function planRefreshTokens(desired: DesiredState, snapshot: TenantSnapshot): Step[] {
  const { clients } = snapshot
  if ('failure' in clients) return []
  const known = clients.value
    .filter((client) => isOurs(client, desired))
    .filter((client) => desired.admitsClients || registrationKind(client) === 'imported')
    .filter(({ client_metadata: metadata }) => metadata?.[PREDEFINED_MARK] === undefined)
    .flatMap((client) => planLeeway(client))
  return [...known, ...planNewLeeway(desired, snapshot)]
}

/** That of the client of `--cimd` that this run makes. */
function planNewLeeway({ cimd }: DesiredState, { cimdClient }: TenantSnapshot): Step[] {
  const isMade = 'value' in cimdClient && cimdClient.value === undefined
  if (cimd === undefined || !isMade) return []
  const { leeway: after } = ROTATING_REFRESH_TOKEN
  const changes = [{ field: 'refresh_token.leeway', before: undefined, after }]
  return [
    {
      item: { ...about(cimd), action: 'change', changes },
      change: { call: 'clients.refreshTokens.leeway', client: { madeBy: 'cimd' } },
      after: ['cimd'],
      whenRefused: REFUSED,
    },
  ]
}

function planLeeway(client: Auth0.Client): Step[] {
  const { client_id: id = '', name = id } = client
  const refresh_token = withLeeway(client)
  if (refresh_token === undefined) return []
  const step = changeOrKeep(
    about(`${name}, client id ${id}`),
    [leewayOf(client, refresh_token)],
    (body) => ({
      call: 'clients.update',
      id,
      body,
    }),
  )
  return [{ ...step, whenRefused: REFUSED }]
}

function about(client: string): About {
  return {
    area: 'client',
    subject: `refresh tokens of ${client}`,
    why: 'Without a leeway, Auth0 signs the person out when the client sends one refresh token twice',
    where: 'Applications > Applications',
  }
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

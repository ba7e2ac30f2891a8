import type { DesiredState } from './desired-state.ts'
import type { Step } from './plan-item.ts'
import { type About, create, keep, unreadable } from './plan-steps.ts'
import type { TenantSnapshot } from './read-tenant.ts'

/** The client of `--cimd`, if asked for. */
export function planCimdClient({ cimd }: DesiredState, { cimdClient }: TenantSnapshot): Step[] {
  if (cimd === undefined) return []
  const about: About = {
    area: 'client',
    subject: cimd,
    why: 'A client that names itself by its metadata document is one for Auth0 once somebody has imported it',
    where: 'Applications > Applications',
  }
  if ('failure' in cimdClient) return [unreadable(about, cimdClient.failure)]
  if (cimdClient.value !== undefined) return [keep(about)]
  const body = { external_client_id: cimd }
  return [create(about, body, { call: 'clients.registerCimdClient', body })]
}

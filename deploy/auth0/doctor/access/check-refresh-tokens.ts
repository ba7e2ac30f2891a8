import type { Management as Auth0 } from 'auth0'
import { withLeeway } from '../../../../shared/auth0/registered-client.ts'
import { asDynamicClient } from '../../clients/dynamic-client.ts'
import { isOurs } from '../../plan/client-grants.ts'
import { PREDEFINED_MARK } from '../../tenant-lookups.ts'
import { type Check, warning } from '../../../diagnostics/check.ts'
import type { Inside } from '../../../diagnostics/observe/tenant.ts'
import { some } from '../../../diagnostics/checks/third-parties.ts'

/**
 * The refresh tokens: those of first-party clients, for which Auth0 sets no limits of its own, and the
 * leeway of all.
 */
export const REFRESH_TOKEN_CHECKS: readonly Check<Inside>[] = [
  {
    name: 'refresh tokens',
    title: 'refresh tokens of first-party clients rotate and expire',
    run: (seen) => {
      const { clients } = seen
      if ('failure' in clients) return { skipped: clients.failure.message }
      const weak = clients.value
        .filter((client) => isPredefined(client, seen) || isPromotedHere(client, seen))
        .flatMap((client) => {
          const faults = weaknesses(client.refresh_token)
          return faults.length === 0
            ? []
            : [`${client.name ?? 'unnamed'} (${client.client_id}): ${faults.join(', ')}`]
        })
      if (weak.length === 0) return []
      return [
        warning({
          id: 'refresh_tokens_unlimited',
          seen: weak.slice(0, 5).join('; '),
          why: 'These are public clients: OAuth 2.1 requires their refresh tokens to rotate. A stolen token that does not expire gives access for good',
          fix: 'npm run provision -- --apply for the predefined client; for the others, turn on Refresh Token Rotation and both expirations in the settings of the application',
          where: 'Auth0 dashboard: Applications > Applications > the application > Settings',
        }),
      ]
    },
  },
  {
    name: 'refresh token leeway',
    title: 'a refresh token that is sent twice within a moment ends no session',
    run: ({ clients, desired }) => {
      if ('failure' in clients) return { skipped: clients.failure.message }
      const strict = clients.value
        .filter((client) => isOurs(client, desired) && withLeeway(client) !== undefined)
        .map((client) => `${client.name ?? 'unnamed'} (${client.client_id})`)
      if (strict.length === 0) return []
      return [
        warning({
          id: 'refresh_token_leeway_zero',
          seen: `refresh_token.leeway is 0: ${some(strict)}`,
          why: 'Refresh tokens rotate. A client that sends one twice, because the answer was lost or because it refreshes in parallel, is taken for a thief: Auth0 revokes the family, and the person must sign in again',
          fix: 'npm run provision -- --apply sets the leeway to 30 seconds; or set Rotation Overlap Period in the settings of the application',
          where: 'Auth0 dashboard: Applications > Applications > the application > Settings',
        }),
      ]
    },
  },
]

/** Whether `--predefined` made this client for the API. */
export function isPredefined(
  { client_metadata: metadata }: Auth0.Client,
  { desired }: Pick<Inside, 'desired'>,
): boolean {
  return metadata?.[PREDEFINED_MARK] === desired.audience
}

function isPromotedHere(client: Auth0.Client, { config }: Inside): boolean {
  return asDynamicClient(client, config.provision.mayRedirectTo)?.isPromoted === true
}

/** Undefined says nothing: Auth0 may leave it out. */
function weaknesses(refresh: Auth0.Client['refresh_token']): string[] {
  if (refresh == null) return []
  const { rotation_type: rotation, expiration_type: expiration } = refresh
  const isInfinite =
    refresh.infinite_token_lifetime === true && refresh.infinite_idle_token_lifetime === true
  return [
    ...(rotation === 'rotating' ? [] : [`rotation_type is ${rotation}`]),
    ...(expiration === 'expiring' ? [] : [`expiration_type is ${expiration}`]),
    ...(expiration === 'expiring' && isInfinite ? ['both lifetimes are infinite'] : []),
  ]
}

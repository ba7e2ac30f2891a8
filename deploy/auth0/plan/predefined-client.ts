import type { Management as Auth0 } from 'auth0'
import { ROTATING_REFRESH_TOKEN, withLeeway } from '../../../shared/auth0/registered-client.ts'
import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { PREDEFINED_MARK } from '../tenant-lookups.ts'
import { PREDEFINED_NAME } from './client-grants.ts'
import { linked } from './dependencies.ts'
import { withAll } from './grant-scopes.ts'
import type { Step } from './item.ts'
import { planPredefinedAccess } from './predefined-access.ts'
import { leewayOf } from './refresh-tokens.ts'
import { type About, type Aspect, aspect, changeOrKeep, create, unreadable } from './steps.ts'

type Patch = Auth0.UpdateClientRequestContent

const GRANT_TYPES = ['authorization_code', 'refresh_token']
/** A public first-party client: PKCE, no secret. */
const SETTINGS = {
  is_first_party: true,
  token_endpoint_auth_method: 'none',
  oidc_conformant: true,
} as const

/**
 * The client of `--predefined` with its login connections: made if asked for, and kept as it should be
 * once it is there. Its redirect URIs are added to, never removed.
 */
export function planPredefinedClient(desired: DesiredState, snapshot: TenantSnapshot): Step[] {
  const { predefined, audience } = desired
  const about: About = {
    area: 'client',
    subject: PREDEFINED_NAME,
    why: 'A first-party client to enter in ChatGPT, which then need not register',
    where: 'Applications > Applications',
  }
  const { predefinedClient: reading } = snapshot
  if ('failure' in reading) {
    return predefined === undefined
      ? []
      : linked([unreadable(about, reading.failure)], 'predefined', ['iss'])
  }
  const id = reading.value?.client_id
  if (reading.value === undefined || id === undefined) {
    if (predefined === undefined) return []
    return [
      ...linked([createClient(about, audience, predefined)], 'predefined', ['iss']),
      ...planPredefinedAccess(desired, snapshot, { madeBy: 'predefined' }),
    ]
  }
  const aspects = aspectsOf(reading.value, predefined)
  const known = { ...about, subject: `${PREDEFINED_NAME}, client id ${id}` }
  const step = changeOrKeep(known, aspects, (body) => ({ call: 'clients.update', id, body }))
  return [
    ...linked([step], 'predefined', ['iss']),
    ...planPredefinedAccess(desired, snapshot, { id }),
  ]
}

/** The client as it is made. */
export function predefinedBody(audience: string, redirectUri: string) {
  return {
    name: PREDEFINED_NAME,
    ...SETTINGS,
    callbacks: [redirectUri],
    grant_types: GRANT_TYPES,
    jwt_configuration: { alg: 'RS256' },
    refresh_token: ROTATING_REFRESH_TOKEN,
    // By which the next run knows it.
    client_metadata: { [PREDEFINED_MARK]: audience },
  } as const satisfies Auth0.CreateClientRequestContent
}

function createClient(about: About, audience: string, redirectUri: string): Step {
  const body = predefinedBody(audience, redirectUri)
  const fields = {
    ...SETTINGS,
    callbacks: body.callbacks,
    grant_types: GRANT_TYPES,
    'jwt_configuration.alg': body.jwt_configuration.alg,
    'refresh_token.rotation_type': ROTATING_REFRESH_TOKEN.rotation_type,
    'refresh_token.expiration_type': ROTATING_REFRESH_TOKEN.expiration_type,
    'refresh_token.leeway': ROTATING_REFRESH_TOKEN.leeway,
  }
  return create(about, fields, { call: 'clients.create', body })
}

function aspectsOf(client: Auth0.Client, redirectUri: string | undefined): Aspect<Patch>[] {
  const { callbacks = [], grant_types: grants = [] } = client
  return [
    aspect('is_first_party', client.is_first_party, SETTINGS.is_first_party),
    aspect(
      'token_endpoint_auth_method',
      client.token_endpoint_auth_method,
      SETTINGS.token_endpoint_auth_method,
    ),
    aspect('oidc_conformant', client.oidc_conformant, SETTINGS.oidc_conformant),
    aspect(
      'callbacks',
      callbacks,
      redirectUri === undefined ? callbacks : withAll(callbacks, [redirectUri]),
    ),
    aspect('grant_types', grants, withAll(grants, GRANT_TYPES)),
    {
      fields: [
        {
          field: 'jwt_configuration.alg',
          before: client.jwt_configuration?.alg,
          after: 'RS256',
        },
      ],
      patch: { jwt_configuration: { alg: 'RS256' } },
    },
    ...leeway(client),
    // The patch of these has the leeway too.
    refreshTokens(client),
  ]
}

/** Another leeway than ours stays, as long as there is one. */
function leeway(client: Auth0.Client): Aspect<Patch>[] {
  const refresh_token = withLeeway(client)
  return refresh_token === undefined ? [] : [leewayOf(client, refresh_token)]
}

/** Other lifetimes than ours stay, as long as there is an end to them. */
function refreshTokens({ refresh_token: before }: Auth0.Client): Aspect<Patch> {
  const isEndless = before?.infinite_token_lifetime === true
  return {
    fields: [
      {
        field: 'refresh_token.rotation_type',
        before: before?.rotation_type,
        after: ROTATING_REFRESH_TOKEN.rotation_type,
      },
      {
        field: 'refresh_token.expiration_type',
        before: isEndless ? 'infinite' : before?.expiration_type,
        after: ROTATING_REFRESH_TOKEN.expiration_type,
      },
    ],
    patch: { refresh_token: { ...ROTATING_REFRESH_TOKEN } },
  }
}

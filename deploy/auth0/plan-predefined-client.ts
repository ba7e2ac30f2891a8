import type { Management as Auth0 } from 'auth0'
import type { DesiredState } from './desired-state.ts'
import type { Step } from './plan-item.ts'
import { PREDEFINED_NAME, planPredefinedAccess, withAll } from './plan-predefined-access.ts'
import { type About, type Aspect, aspect, changeOrKeep, create, unreadable } from './plan-steps.ts'
import type { TenantSnapshot } from './read-tenant.ts'
import { PREDEFINED_MARK } from './tenant-lookups.ts'

type Patch = Auth0.UpdateClientRequestContent

const GRANT_TYPES = ['authorization_code', 'refresh_token']
/** A public first-party client: PKCE, no secret. */
const SETTINGS = {
  is_first_party: true,
  token_endpoint_auth_method: 'none',
  oidc_conformant: true,
} as const

/** The client of `--predefined`, if asked for, with its login connections and, if need be, its grant. */
export function planPredefinedClient(desired: DesiredState, snapshot: TenantSnapshot): Step[] {
  const { predefined, audience } = desired
  if (predefined === undefined) return []
  const about: About = {
    area: 'client',
    subject: PREDEFINED_NAME,
    why: 'A first-party client to enter in ChatGPT, which then need not register',
    where: 'Applications > Applications',
  }
  const { predefinedClient: reading } = snapshot
  if ('failure' in reading) return [unreadable(about, reading.failure)]
  const id = reading.value?.client_id
  if (reading.value === undefined || id === undefined) {
    const made = 'made-by-this-run'
    return [
      createClient(about, audience, predefined),
      ...planPredefinedAccess(desired, snapshot, made),
    ]
  }
  const aspects = aspectsOf(reading.value, predefined)
  const known = { ...about, subject: `${PREDEFINED_NAME}, client id ${id}` }
  return [
    changeOrKeep(known, aspects, (body) => ({ call: 'clients.update', id, body })),
    ...planPredefinedAccess(desired, snapshot, { clientId: id }),
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
  }
  return create(about, fields, { call: 'clients.create', body })
}

function aspectsOf(client: Auth0.Client, redirectUri: string): Aspect<Patch>[] {
  const { callbacks = [], grant_types: grants = [] } = client
  return [
    aspect('is_first_party', client.is_first_party, SETTINGS.is_first_party),
    aspect(
      'token_endpoint_auth_method',
      client.token_endpoint_auth_method,
      SETTINGS.token_endpoint_auth_method,
    ),
    aspect('oidc_conformant', client.oidc_conformant, SETTINGS.oidc_conformant),
    aspect('callbacks', callbacks, withAll(callbacks, [redirectUri])),
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
  ]
}

import type { Management as Auth0 } from 'auth0'
import { ROTATING_REFRESH_TOKEN, withLeeway } from '../../../shared/auth0/registered-client.ts'
import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { PREDEFINED_MARK } from '../tenant-lookups.ts'
import { PREDEFINED_NAME } from './client-grants.ts'
import { linked } from './dependencies.ts'
import { withAll } from './grant-scopes.ts'
import type { ProvisionStep } from './item.ts'
import { planPredefinedAccess } from './predefined-access.ts'
import { leewayOf } from './refresh-tokens.ts'
import {
  changeOrKeep,
  create,
  type FieldPatch,
  type ItemInfo,
  patchField,
  unreadable,
} from './steps.ts'

type Patch = Auth0.UpdateClientRequestContent

const GRANT_TYPES = ['authorization_code', 'refresh_token']
/** A public first-party client: PKCE, no secret. */
const SETTINGS = {
  is_first_party: true,
  token_endpoint_auth_method: 'none',
  oidc_conformant: true,
} as const

/**
 * Plans the client of `--predefined` and its login connections: creates it on request and, once it
 * exists, keeps its settings. Redirect URIs are added, never removed.
 */
export function planPredefinedClient(
  desired: DesiredState,
  snapshot: TenantSnapshot,
): ProvisionStep[] {
  const { predefined, audience } = desired
  const info: ItemInfo = {
    area: 'client',
    subject: PREDEFINED_NAME,
    why: 'A first-party client to enter in ChatGPT instead of dynamic registration',
    where: 'Applications > Applications',
  }
  const { predefinedClient: reading } = snapshot
  if ('failure' in reading) {
    return predefined === undefined
      ? []
      : linked([unreadable(info, reading.failure)], 'predefined', ['iss'])
  }
  const id = reading.value?.client_id
  if (reading.value === undefined || id === undefined) {
    if (predefined === undefined) return []
    return [
      ...linked([createClient(info, audience, predefined)], 'predefined', ['iss']),
      ...planPredefinedAccess(desired, snapshot, { stepKey: 'predefined' }),
    ]
  }
  const patches = patchesFor(reading.value, predefined)
  const existingInfo = { ...info, subject: `${PREDEFINED_NAME}, client id ${id}` }
  const step = changeOrKeep(existingInfo, patches, (body) => ({ call: 'clients.update', id, body }))
  return [
    ...linked([step], 'predefined', ['iss']),
    ...planPredefinedAccess(desired, snapshot, { id }),
  ]
}

/** Returns the body that creates the client. */
export function predefinedBody(audience: string, redirectUri: string) {
  return {
    name: PREDEFINED_NAME,
    ...SETTINGS,
    callbacks: [redirectUri],
    grant_types: GRANT_TYPES,
    jwt_configuration: { alg: 'RS256' },
    refresh_token: ROTATING_REFRESH_TOKEN,
    // Identifies the client in later runs.
    client_metadata: { [PREDEFINED_MARK]: audience },
  } as const satisfies Auth0.CreateClientRequestContent
}

function createClient(info: ItemInfo, audience: string, redirectUri: string): ProvisionStep {
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
  return create(info, fields, { call: 'clients.create', body })
}

function patchesFor(client: Auth0.Client, redirectUri: string | undefined): FieldPatch<Patch>[] {
  const { callbacks = [], grant_types: grants = [] } = client
  return [
    patchField('is_first_party', client.is_first_party, SETTINGS.is_first_party),
    patchField(
      'token_endpoint_auth_method',
      client.token_endpoint_auth_method,
      SETTINGS.token_endpoint_auth_method,
    ),
    patchField('oidc_conformant', client.oidc_conformant, SETTINGS.oidc_conformant),
    patchField(
      'callbacks',
      callbacks,
      redirectUri === undefined ? callbacks : withAll(callbacks, [redirectUri]),
    ),
    patchField('grant_types', grants, withAll(grants, GRANT_TYPES)),
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
    // This patch includes the leeway.
    refreshTokens(client),
  ]
}

/** Keeps an existing leeway, even if it differs from ours. */
function leeway(client: Auth0.Client): FieldPatch<Patch>[] {
  const refresh_token = withLeeway(client)
  return refresh_token === undefined ? [] : [leewayOf(client, refresh_token)]
}

/** Keeps existing lifetimes, unless they are infinite. */
function refreshTokens({ refresh_token: before }: Auth0.Client): FieldPatch<Patch> {
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

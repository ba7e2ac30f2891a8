import type { Management as Auth0 } from 'auth0'
import { stringify } from 'yaml'
import { CommandError } from '../kit/errors.ts'
import {
  API_SETTINGS,
  type DesiredState,
  LOG_STREAM_FILTER,
  LOG_STREAM_FORMAT,
  NEW_API_TOKEN_LIFETIME_SECONDS,
  roleDescription,
} from './desired-state.ts'
import { mergedScopes, userAccess } from './plan/api.ts'
import { PREDEFINED_NAME } from './plan/client-grants.ts'
import { mergedGrantScopes, scopesOf, withAll } from './plan/grant-scopes.ts'
import { streamTo } from './plan/log-stream.ts'
import { predefinedBody } from './plan/predefined-client.ts'
import { needsLogStream, servesThirdParties } from './plan/third-parties.ts'
import type { TenantSnapshot } from './read-tenant.ts'
import type { ReadFailure, Reading } from './reading.ts'

/** The state cannot be exported, because a part of the tenant could not be read. */
export class ExportError extends CommandError {
  override readonly name = 'ExportError'
  readonly failure: ReadFailure | undefined

  constructor(what: string, failure?: ReadFailure) {
    super(`${what}${failure === undefined ? '' : `: ${failure.message}`}`)
    this.failure = failure
  }
}

// auth0-deploy-cli substitutes this keyword, so that the file contains no secret.
const SECRET_KEYWORD = 'Bearer ##LOG_WEBHOOK_SECRET##'
const HEADER = `The tenant state that this system requires, for auth0-deploy-cli (a0deploy import).
Set LOG_WEBHOOK_SECRET in AUTH0_KEYWORD_REPLACE_MAPPINGS or, with --env, in the environment.
Leave AUTH0_ALLOW_DELETE unset: other applications own the objects that are not in this file.
The import does not remove a default grant: run npm run provision -- --apply.`

/**
 * Returns the planned state as YAML for `auth0-deploy-cli`. It keeps the tenant's existing names and
 * scopes, because that tool identifies objects by name and replaces lists. The file does not contain
 * the client of `--cimd` (it can only be imported), the connections of `--predefined`, the objects for
 * token exchange, or the grants of registered clients.
 *
 * @throws ExportError when a part of the tenant could not be read.
 */
export function exportState(desired: DesiredState, snapshot: TenantSnapshot): string {
  const state = {
    tenant: tenantOf(desired, snapshot),
    resourceServers: [apiOf(desired, snapshot)],
    ...connectionsOf(desired, snapshot),
    ...clientGrantsOf(desired, snapshot),
    ...logStreamsOf(desired, snapshot),
    roles: [roleOf(desired, snapshot)],
    ...(desired.predefined !== undefined && {
      clients: [predefinedBody(desired.audience, desired.predefined)],
    }),
  }
  const comment = HEADER.replaceAll(/^/gm, '# ')
  return `${comment}\n${stringify(state, { aliasDuplicateObjects: false, lineWidth: 0 })}`
}

/** Optional settings only on request: some tenants reject the mode, and documents must be imported first. */
function tenantOf({ mode, iss, cimd }: DesiredState, snapshot: TenantSnapshot) {
  read('The tenant settings', snapshot.settings)
  const isImported =
    cimd !== undefined && read('The clients', snapshot.cimdClient)?.client_id !== undefined
  return {
    flags: { enable_dynamic_client_registration: true },
    resource_parameter_profile: 'compatibility',
    ...(mode !== undefined && { dynamic_client_registration_security_mode: mode }),
    ...(iss && { authorization_response_iss_parameter_supported: true }),
    ...(isImported && { client_id_metadata_document_supported: true }),
  }
}

function apiOf(desired: DesiredState, snapshot: TenantSnapshot) {
  const api = read('The API', snapshot.api)
  return {
    name: api?.name ?? desired.apiName,
    identifier: desired.audience,
    ...API_SETTINGS,
    token_lifetime: desired.tokenLifetime ?? api?.token_lifetime ?? NEW_API_TOKEN_LIFETIME_SECONDS,
    subject_type_authorization: userAccess(desired, api),
    scopes: desired.prune ? desired.scopes : mergedScopes(api, desired),
  }
}

/** `auth0-deploy-cli` keeps Auth0 database connections in a separate section. */
function connectionsOf(desired: DesiredState, snapshot: TenantSnapshot) {
  if (!servesThirdParties(desired, snapshot)) return {}
  const all = snapshot.connections.map(({ name, state }) => {
    const { strategy, kept } = read(`The connection ${name}`, state) ?? {}
    if (strategy === undefined) throw new ExportError(`There is no connection ${name}`)
    return { name, strategy, ...kept, is_domain_connection: true }
  })
  const databases = all.filter(({ strategy }) => strategy === 'auth0')
  const connections = all.filter(({ strategy }) => strategy !== 'auth0')
  return {
    ...(databases.length > 0 && { databases }),
    ...(connections.length > 0 && { connections }),
  }
}

/** `auth0-deploy-cli` finds the client of a grant by its name. */
function clientGrantsOf(desired: DesiredState, snapshot: TenantSnapshot) {
  const { audience, predefined, prune, thirdPartyAccess } = desired
  const subject = { audience, subject_type: 'user' }
  const scopes = (grant: Auth0.ClientGrantResponseContent | undefined) =>
    grant?.allow_all_scopes === true
      ? { allow_all_scopes: true }
      : { scope: prune ? scopesOf(desired) : mergedGrantScopes(grant, desired) }
  const own = read('The client grants', snapshot.predefinedGrant)
  const ofAll = read('The client grants', snapshot.defaultGrant)
  const grants = [
    ...(thirdPartyAccess === 'open'
      ? [{ default_for: 'third_party_clients', ...subject, ...scopes(ofAll) }]
      : []),
    ...(predefined !== undefined && (thirdPartyAccess === 'admitted' || own !== undefined)
      ? [{ client_id: PREDEFINED_NAME, ...subject, ...scopes(own) }]
      : []),
  ]
  return grants.length > 0 ? { clientGrants: grants } : {}
}

/** Includes a stream that is not required only if the tenant already has it. */
function logStreamsOf(desired: DesiredState, { logStreams }: TenantSnapshot) {
  const { name, endpoint } = desired.logStream
  const isNeeded = needsLogStream(desired)
  if ('failure' in logStreams && !isNeeded) return {}
  const stream = streamTo(read('The log streams', logStreams), endpoint)
  if (stream === undefined && !isNeeded) return {}
  return {
    logStreams: [
      {
        name: stream?.name ?? name,
        type: 'http',
        status: 'active',
        filters: [LOG_STREAM_FILTER],
        sink: {
          httpEndpoint: endpoint,
          ...LOG_STREAM_FORMAT,
          httpAuthorization: SECRET_KEYWORD,
        },
      },
    ],
  }
}

function roleOf(desired: DesiredState, { role: reading }: TenantSnapshot) {
  const { audience, prune } = desired
  const role = read('The role', reading)
  const kept = prune ? [] : (role?.permissions ?? [])
  return {
    name: role?.name ?? desired.role,
    description: role?.description ?? roleDescription(audience),
    permissions: withAll(kept, scopesOf(desired)).map((permission_name) => ({
      permission_name,
      resource_server_identifier: audience,
    })),
  }
}

function read<Value>(what: string, reading: Reading<Value>): Value {
  if ('failure' in reading) throw new ExportError(what, reading.failure)
  return reading.value
}

import { stringify } from 'yaml'
import {
  API_SETTINGS,
  type DesiredState,
  LOG_STREAM_FILTER,
  LOG_STREAM_FORMAT,
} from './desired-state.ts'
import { mergedScopes, userAccess } from './plan-api.ts'
import { servesThirdParties } from './plan-connections.ts'
import { mergedGrantScopes } from './plan-default-grant.ts'
import { streamTo } from './plan-log-stream.ts'
import { predefinedBody } from './plan-predefined-client.ts'
import { securityModeOf } from './plan-tenant.ts'
import type { TenantSnapshot } from './read-tenant.ts'
import type { ReadFailure, Reading } from './reading.ts'

/** The state cannot be written down, because some of it could not be read. */
export class ExportError extends Error {
  override readonly name = 'ExportError'
  readonly failure: ReadFailure | undefined

  constructor(what: string, failure?: ReadFailure) {
    super(`${what}${failure === undefined ? '' : `: ${failure.message}`}`)
    this.failure = failure
  }
}

// auth0-deploy-cli puts its keyword's value here, so that the file holds no secret.
const SECRET_KEYWORD = 'Bearer ##LOG_WEBHOOK_SECRET##'
const HEADER = `The tenant as this system needs it, for auth0-deploy-cli (a0deploy import).
Set LOG_WEBHOOK_SECRET in AUTH0_KEYWORD_REPLACE_MAPPINGS or, with --env, in the environment.
Leave AUTH0_ALLOW_DELETE unset: what is not in this file belongs to others.`

/**
 * The state that the plan leads to, as YAML for `auth0-deploy-cli`. Names and scopes that the tenant
 * already has are kept, because that tool knows things by name and replaces lists. Not in the file:
 * the client of `--cimd`, which can only be imported, and the connections of `--predefined`.
 *
 * @throws ExportError when a part of the tenant could not be read.
 */
export function exportState(desired: DesiredState, snapshot: TenantSnapshot): string {
  const state = {
    tenant: tenantOf(desired, snapshot),
    resourceServers: [apiOf(desired, snapshot)],
    ...connectionsOf(desired, snapshot),
    clientGrants: [grantOf(desired, snapshot)],
    logStreams: [logStreamOf(desired, snapshot)],
    ...(desired.predefined !== undefined && {
      clients: [predefinedBody(desired.audience, desired.predefined)],
    }),
  }
  const comment = HEADER.replaceAll(/^/gm, '# ')
  return `${comment}\n${stringify(state, { aliasDuplicateObjects: false, lineWidth: 0 })}`
}

function tenantOf(desired: DesiredState, snapshot: TenantSnapshot) {
  read('The tenant settings', snapshot.settings)
  return {
    flags: { enable_dynamic_client_registration: true },
    resource_parameter_profile: 'compatibility',
    dynamic_client_registration_security_mode: securityModeOf(snapshot),
    ...(desired.cimd !== undefined && { client_id_metadata_document_supported: true }),
  }
}

function apiOf(desired: DesiredState, snapshot: TenantSnapshot) {
  const api = read('The API', snapshot.api)
  return {
    name: api?.name ?? desired.apiName,
    identifier: desired.audience,
    ...API_SETTINGS,
    subject_type_authorization: userAccess(snapshot),
    scopes: desired.prune ? desired.scopes : mergedScopes(api, desired),
  }
}

/** That tool has connections with a database of Auth0's own in a section of their own. */
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

function grantOf(desired: DesiredState, snapshot: TenantSnapshot) {
  const grant = read('The client grants', snapshot.defaultGrant)
  const scope = desired.scopes.map(({ value }) => value)
  return {
    default_for: 'third_party_clients',
    audience: desired.audience,
    subject_type: 'user',
    ...(grant?.allow_all_scopes === true
      ? { allow_all_scopes: true }
      : { scope: desired.prune ? scope : mergedGrantScopes(grant, desired) }),
  }
}

function logStreamOf({ logStream: { name, endpoint } }: DesiredState, snapshot: TenantSnapshot) {
  const stream = streamTo(read('The log streams', snapshot.logStreams), endpoint)
  return {
    name: stream?.name ?? name,
    type: 'http',
    status: 'active',
    filters: [LOG_STREAM_FILTER],
    sink: {
      httpEndpoint: endpoint,
      ...LOG_STREAM_FORMAT,
      httpAuthorization: SECRET_KEYWORD,
    },
  }
}

function read<Value>(what: string, reading: Reading<Value>): Value {
  if ('failure' in reading) throw new ExportError(what, reading.failure)
  return reading.value
}

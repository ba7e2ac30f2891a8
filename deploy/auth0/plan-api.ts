import type { Management as Auth0 } from 'auth0'
import { API_SETTINGS, type DesiredState } from './desired-state.ts'
import type { FieldChange, Step } from './plan-item.ts'
import {
  type About,
  type Aspect,
  blocked,
  changeOrKeep,
  create,
  foreignScopes,
  unreadable,
} from './plan-steps.ts'
import { securityModeOf } from './plan-tenant.ts'
import type { TenantSnapshot } from './read-tenant.ts'

type Api = Auth0.ResourceServer & { readonly id: string }
type Patch = Auth0.UpdateResourceServerRequestContent
type Scope = Auth0.ResourceServerScope
type Access = Auth0.ResourceServerSubjectTypeAuthorization

const IS_SYSTEM = "This API is Auth0's own: set OAUTH_AUDIENCE to the URL of the MCP endpoint"

/** The API: made if it is not there, else brought to its settings, with every scope it has kept. */
export function planApi(desired: DesiredState, snapshot: TenantSnapshot): Step[] {
  const { api: reading } = snapshot
  const about = aboutApi(desired)
  if ('failure' in reading) return [unreadable(about, reading.failure)]
  if (reading.value === undefined) return [createApi(about, desired, snapshot)]
  if (reading.value.is_system === true) return [blocked(about, IS_SYSTEM)]
  const api = { ...reading.value, id: reading.value.id ?? desired.audience }
  const aspects = [
    ...settings(api),
    ...hindrances(api),
    access(api, snapshot),
    scopes(api, desired),
  ]
  const needed = desired.scopes.map((scope) => ({ ...scope }))
  const names = new Set(needed.map(({ value }) => value))
  const extra = (api.scopes ?? []).map(({ value }) => value).filter((name) => !names.has(name))
  const removal = { call: 'resourceServers.update', id: api.id, body: { scopes: needed } } as const
  return [
    changeOrKeep(about, aspects, (body) => ({ call: 'resourceServers.update', id: api.id, body })),
    ...foreignScopes(about, extra, { prune: desired.prune, change: removal }),
  ]
}

/** The scopes of the API as they will be before any is removed: others' kept, ours described. */
export function mergedScopes(
  api: Auth0.ResourceServer | undefined,
  desired: DesiredState,
): Scope[] {
  const ours = new Map(desired.scopes.map((scope) => [scope.value, scope]))
  const there = (api?.scopes ?? []).map((scope) => ours.get(scope.value) ?? scope)
  const known = new Set(there.map(({ value }) => value))
  return [...there, ...desired.scopes.filter(({ value }) => !known.has(value))].map((scope) => ({
    ...scope,
  }))
}

function aboutApi({ audience }: DesiredState): About {
  return {
    area: 'api',
    subject: audience,
    why: 'Tokens for the tools: RS256, this audience, RBAC with permissions in the token, and one permission for each scope that a tool needs',
    where: `Applications > APIs > ${audience}`,
  }
}

function createApi(about: About, desired: DesiredState, snapshot: TenantSnapshot): Step {
  const subject_type_authorization = userAccess(snapshot)
  const body = {
    identifier: desired.audience,
    name: desired.apiName,
    ...API_SETTINGS,
    scopes: mergedScopes(undefined, desired),
    subject_type_authorization,
  } satisfies Auth0.CreateResourceServerRequestContent
  const permissions = desired.scopes.map((scope) => [`scopes.${scope.value}`, scope.description])
  const fields = {
    name: body.name,
    ...API_SETTINGS,
    'subject_type_authorization.user.policy': subject_type_authorization.user?.policy,
    ...Object.fromEntries(permissions),
  }
  return create(about, fields, { call: 'resourceServers.create', body })
}

function settings(api: Api): Aspect<Patch>[] {
  const names = Object.keys(API_SETTINGS) as (keyof typeof API_SETTINGS)[]
  return names.map((field) => ({
    fields: [{ field, before: api[field], after: API_SETTINGS[field] }],
    patch: { [field]: API_SETTINGS[field] },
  }))
}

/** What makes Auth0 give tokens for this API that no gateway can take as bearer tokens. */
function hindrances({ token_encryption, proof_of_possession }: Api): Aspect<Patch>[] {
  const aspects: Aspect<Patch>[] = []
  if (token_encryption != null) {
    aspects.push({
      fields: [{ field: 'token_encryption', before: 'set', after: null }],
      patch: { token_encryption: null },
    })
  }
  if (proof_of_possession?.required === true) {
    aspects.push({
      fields: [{ field: 'proof_of_possession', before: 'required', after: null }],
      patch: { proof_of_possession: null },
    })
  }
  return aspects
}

/** Who may have tokens for the API, once the plan has been carried out. */
export function userAccess(snapshot: TenantSnapshot): Access {
  const api = 'failure' in snapshot.api ? undefined : snapshot.api.value
  const existing = api?.subject_type_authorization
  const policy = existing?.user?.policy ?? 'allow_all'
  // A client that log-webhook has made a first-party one has no grant of its own.
  const suffices =
    policy === 'allow_all' ||
    (policy === 'require_client_grant' && securityModeOf(snapshot) !== 'permissive')
  return { ...existing, user: { policy: suffices ? policy : 'allow_all' } }
}

function access(api: Api, snapshot: TenantSnapshot): Aspect<Patch> {
  const before = api.subject_type_authorization?.user?.policy ?? 'allow_all'
  const subject_type_authorization = userAccess(snapshot)
  const after = subject_type_authorization.user?.policy
  return {
    fields: [{ field: 'subject_type_authorization.user.policy', before, after }],
    patch: { subject_type_authorization },
  }
}

/** Auth0 replaces the whole list, so the whole list is sent. */
function scopes(api: Api, desired: DesiredState): Aspect<Patch> {
  const before = new Map((api.scopes ?? []).map((scope) => [scope.value, scope.description ?? '']))
  const fields: FieldChange[] = desired.scopes.map(({ value, description }) => ({
    field: `scopes.${value}`,
    before: before.get(value),
    after: description,
  }))
  return { fields, patch: { scopes: mergedScopes(api, desired) } }
}

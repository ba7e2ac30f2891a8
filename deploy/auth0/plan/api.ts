import type { Management as Auth0 } from 'auth0'
import {
  API_SETTINGS,
  type DesiredState,
  NEW_API_TOKEN_LIFETIME_SECONDS,
} from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { linked } from './dependencies.ts'
import type { FieldChange, Step } from './item.ts'
import {
  type About,
  type Aspect,
  aspect,
  blocked,
  changeOrKeep,
  create,
  foreignScopes,
  report,
  unreadable,
} from './steps.ts'
import { securityModeOf } from './tenant-mode.ts'
import { servesThirdParties } from './third-parties.ts'

type Api = Auth0.ResourceServer & { readonly id: string }
type Patch = Auth0.UpdateResourceServerRequestContent
type Scope = Auth0.ResourceServerScope
type Access = Auth0.ResourceServerSubjectTypeAuthorization

const IS_SYSTEM = "This API is Auth0's own: set OAUTH_AUDIENCE to the URL of the MCP endpoint"

/** What is to become of the API, and of its scopes once no grant has them any more. */
export interface ApiSteps {
  readonly settings: readonly Step[]
  readonly removals: readonly Step[]
}

/** The API: made if it is not there, else brought to its settings, with every scope it has kept. */
export function planApi(desired: DesiredState, snapshot: TenantSnapshot): ApiSteps {
  const { api: reading } = snapshot
  const about = aboutApi(desired)
  const only = (step: Step) => ({ settings: linked([step], 'api'), removals: [] })
  if ('failure' in reading) return only(unreadable(about, reading.failure))
  if (reading.value === undefined) return only(createApi(about, desired))
  if (isSystemApi(snapshot)) return only(blocked(about, IS_SYSTEM))
  const api = { ...reading.value, id: reading.value.id ?? desired.audience }
  const aspects = [
    ...settings(api),
    ...hindrances(api),
    ...tokenLifetime(api, desired),
    access(api, desired),
    scopes(api, desired),
  ]
  const needed = desired.scopes.map((scope) => ({ ...scope }))
  const names = new Set(needed.map(({ value }) => value))
  const extra = (api.scopes ?? []).map(({ value }) => value).filter((name) => !names.has(name))
  const removal = { call: 'resourceServers.update', id: api.id, body: { scopes: needed } } as const
  const change = changeOrKeep(about, aspects, (body) => ({
    call: 'resourceServers.update',
    id: api.id,
    body,
  }))
  return {
    settings: [...linked([change], 'api'), ...openPolicy(about, api, desired, snapshot)],
    removals: linked(
      foreignScopes(about, extra, { prune: desired.prune, change: removal }),
      'api-removal',
      ['api', 'grant-removal'],
    ),
  }
}

/** Whether the audience is an API of Auth0 itself, so that no step of the plan makes sense. */
export function isSystemApi({ api }: TenantSnapshot): boolean {
  return 'value' in api && api.value?.is_system === true
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

function createApi(about: About, desired: DesiredState): Step {
  const subject_type_authorization = userAccess(desired, undefined)
  const token_lifetime = desired.tokenLifetime ?? NEW_API_TOKEN_LIFETIME_SECONDS
  const body = {
    identifier: desired.audience,
    name: desired.apiName,
    ...API_SETTINGS,
    token_lifetime,
    scopes: mergedScopes(undefined, desired),
    subject_type_authorization,
  } satisfies Auth0.CreateResourceServerRequestContent
  const permissions = desired.scopes.map((scope) => [`scopes.${scope.value}`, scope.description])
  const fields = {
    name: body.name,
    ...API_SETTINGS,
    token_lifetime,
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

function tokenLifetime(api: Api, { tokenLifetime: seconds }: DesiredState): Aspect<Patch>[] {
  return seconds === undefined ? [] : [aspect('token_lifetime', api.token_lifetime, seconds)]
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

/**
 * Who may have tokens for the API on behalf of people, once the plan has been carried out. An API that
 * exists keeps its policy, since other applications may use it, unless that denies everyone.
 */
export function userAccess(
  { thirdPartyAccess }: Pick<DesiredState, 'thirdPartyAccess'>,
  api: Auth0.ResourceServer | undefined,
): Access {
  const existing = api?.subject_type_authorization
  const before = existing?.user?.policy ?? (api === undefined ? undefined : 'allow_all')
  const fresh = thirdPartyAccess === 'admitted' ? 'require_client_grant' : 'allow_all'
  const policy = before === undefined || before === 'deny_all' ? fresh : before
  return { ...existing, user: { policy } }
}

/** Permissive third-party clients need no grant where the API allows all clients. */
function openPolicy(
  about: About,
  api: Api,
  desired: DesiredState,
  snapshot: TenantSnapshot,
): Step[] {
  const isOpen =
    desired.thirdPartyAccess === 'admitted' &&
    userAccess(desired, api).user?.policy === 'allow_all' &&
    securityModeOf(snapshot) === 'permissive' &&
    (servesThirdParties(desired, snapshot) || hasDomainConnection(snapshot))
  if (!isOpen) return []
  const subject = `${about.subject}, user access policy`
  const why =
    'The policy is allow_all and a login connection is at domain level, so every permissive third-party client can get a token, also one that was not admitted. Left alone, since other applications may use the API: set the policy to require_client_grant, or take the connection from domain level'
  return [report({ ...about, subject, why })]
}

function hasDomainConnection({ connections }: TenantSnapshot): boolean {
  return connections.some(({ state }) => 'value' in state && state.value?.isDomainConnection)
}

function access(api: Api, desired: DesiredState): Aspect<Patch> {
  const before = api.subject_type_authorization?.user?.policy ?? 'allow_all'
  const subject_type_authorization = userAccess(desired, api)
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

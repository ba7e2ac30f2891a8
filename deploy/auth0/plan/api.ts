import type { Management as Auth0 } from 'auth0'
import {
  API_SETTINGS,
  type DesiredState,
  NEW_API_TOKEN_LIFETIME_SECONDS,
} from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { linked } from './dependencies.ts'
import type { FieldChange, ProvisionStep } from './item.ts'
import {
  blocked,
  changeOrKeep,
  create,
  type FieldPatch,
  type ItemInfo,
  patchField,
  report,
  unreadable,
  unusedScopeSteps,
} from './steps.ts'
import { securityModeOf } from './tenant-mode.ts'
import { servesThirdParties } from './third-parties.ts'

type Api = Auth0.ResourceServer & { readonly id: string }
type Patch = Auth0.UpdateResourceServerRequestContent
type Scope = Auth0.ResourceServerScope
type Access = Auth0.ResourceServerSubjectTypeAuthorization

const IS_SYSTEM = "This API is Auth0's own: set OAUTH_AUDIENCE to the URL of the MCP endpoint"

/** The steps for the API. `removals` take scopes from it after every grant has lost them. */
export interface ApiSteps {
  readonly settings: readonly ProvisionStep[]
  readonly removals: readonly ProvisionStep[]
}

/** Plans the API: creates it, or updates its settings and keeps its scopes. */
export function planApi(desired: DesiredState, snapshot: TenantSnapshot): ApiSteps {
  const { api: reading } = snapshot
  const info = apiInfo(desired)
  const only = (step: ProvisionStep) => ({ settings: linked([step], 'api'), removals: [] })
  if ('failure' in reading) return only(unreadable(info, reading.failure))
  if (reading.value === undefined) return only(createApi(info, desired))
  if (isSystemApi(snapshot)) return only(blocked(info, IS_SYSTEM))
  const api = { ...reading.value, id: reading.value.id ?? desired.audience }
  const patches = [
    ...settings(api),
    ...unsupportedTokenSettings(api),
    ...tokenLifetime(api, desired),
    access(api, desired),
    scopes(api, desired),
  ]
  const needed = desired.scopes.map((scope) => ({ ...scope }))
  const names = new Set(needed.map(({ value }) => value))
  const extra = (api.scopes ?? []).map(({ value }) => value).filter((name) => !names.has(name))
  const removal = { call: 'resourceServers.update', id: api.id, body: { scopes: needed } } as const
  const change = changeOrKeep(info, patches, (body) => ({
    call: 'resourceServers.update',
    id: api.id,
    body,
  }))
  return {
    settings: [...linked([change], 'api'), ...reportOpenPolicy(info, api, desired, snapshot)],
    removals: linked(
      unusedScopeSteps(info, extra, { prune: desired.prune, change: removal }),
      'api-removal',
      ['api', 'grant-removal'],
    ),
  }
}

/** Returns whether the audience is one of Auth0's own APIs, which blocks the whole plan. */
export function isSystemApi({ api }: TenantSnapshot): boolean {
  return 'value' in api && api.value?.is_system === true
}

/** Returns the scopes of the API before removals: foreign ones unchanged, ours with descriptions. */
export function mergedScopes(
  api: Auth0.ResourceServer | undefined,
  desired: DesiredState,
): Scope[] {
  const configured = new Map(desired.scopes.map((scope) => [scope.value, scope]))
  const existing = (api?.scopes ?? []).map((scope) => configured.get(scope.value) ?? scope)
  const existingInfo = new Set(existing.map(({ value }) => value))
  return [...existing, ...desired.scopes.filter(({ value }) => !existingInfo.has(value))].map(
    (scope) => ({
      ...scope,
    }),
  )
}

function apiInfo({ audience }: DesiredState): ItemInfo {
  return {
    area: 'api',
    subject: audience,
    why: 'Tokens for the tools: RS256, this audience, RBAC with permissions in the token, and one permission for each scope that a tool requires',
    where: `Applications > APIs > ${audience}`,
  }
}

function createApi(info: ItemInfo, desired: DesiredState): ProvisionStep {
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
  return create(info, fields, { call: 'resourceServers.create', body })
}

function settings(api: Api): FieldPatch<Patch>[] {
  const names = Object.keys(API_SETTINGS) as (keyof typeof API_SETTINGS)[]
  return names.map((field) => ({
    fields: [{ field, before: api[field], after: API_SETTINGS[field] }],
    patch: { [field]: API_SETTINGS[field] },
  }))
}

function tokenLifetime(api: Api, { tokenLifetime: seconds }: DesiredState): FieldPatch<Patch>[] {
  return seconds === undefined ? [] : [patchField('token_lifetime', api.token_lifetime, seconds)]
}

/** Settings that make Auth0 issue tokens that cannot be used as bearer tokens. */
function unsupportedTokenSettings({
  token_encryption,
  proof_of_possession,
}: Api): FieldPatch<Patch>[] {
  const patches: FieldPatch<Patch>[] = []
  if (token_encryption != null) {
    patches.push({
      fields: [{ field: 'token_encryption', before: 'set', after: null }],
      patch: { token_encryption: null },
    })
  }
  if (proof_of_possession?.required === true) {
    patches.push({
      fields: [{ field: 'proof_of_possession', before: 'required', after: null }],
      patch: { proof_of_possession: null },
    })
  }
  return patches
}

/**
 * Returns the API's user access policy after the plan was applied. An existing API keeps its policy,
 * because other applications may use it, unless the policy denies every client.
 */
export function userAccess(
  { thirdPartyAccess }: Pick<DesiredState, 'thirdPartyAccess'>,
  api: Auth0.ResourceServer | undefined,
): Access {
  const existing = api?.subject_type_authorization
  const before = existing?.user?.policy ?? (api === undefined ? undefined : 'allow_all')
  const newPolicy = thirdPartyAccess === 'admitted' ? 'require_client_grant' : 'allow_all'
  const policy = before === undefined || before === 'deny_all' ? newPolicy : before
  return { ...existing, user: { policy } }
}

/** Permissive third-party clients need no grant where the API allows all clients. */
function reportOpenPolicy(
  info: ItemInfo,
  api: Api,
  desired: DesiredState,
  snapshot: TenantSnapshot,
): ProvisionStep[] {
  const isOpen =
    desired.thirdPartyAccess === 'admitted' &&
    userAccess(desired, api).user?.policy === 'allow_all' &&
    securityModeOf(snapshot) === 'permissive' &&
    (servesThirdParties(desired, snapshot) || hasDomainConnection(snapshot))
  if (!isOpen) return []
  const subject = `${info.subject}, user access policy`
  const why =
    'The policy is allow_all and a login connection is at domain level, so every permissive third-party client can get a token, even if it was not admitted. The policy is not changed, because other applications may use the API: set it to require_client_grant, or remove the connection from domain level'
  return [report({ ...info, subject, why })]
}

function hasDomainConnection({ connections }: TenantSnapshot): boolean {
  return connections.some(({ state }) => 'value' in state && state.value?.isDomainConnection)
}

function access(api: Api, desired: DesiredState): FieldPatch<Patch> {
  const before = api.subject_type_authorization?.user?.policy ?? 'allow_all'
  const subject_type_authorization = userAccess(desired, api)
  const after = subject_type_authorization.user?.policy
  return {
    fields: [{ field: 'subject_type_authorization.user.policy', before, after }],
    patch: { subject_type_authorization },
  }
}

/** Auth0 replaces the whole list, so the patch contains all scopes. */
function scopes(api: Api, desired: DesiredState): FieldPatch<Patch> {
  const before = new Map((api.scopes ?? []).map((scope) => [scope.value, scope.description ?? '']))
  const fields: FieldChange[] = desired.scopes.map(({ value, description }) => ({
    field: `scopes.${value}`,
    before: before.get(value),
    after: description,
  }))
  return { fields, patch: { scopes: mergedScopes(api, desired) } }
}

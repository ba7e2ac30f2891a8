import { randomUUID } from 'node:crypto'
import type { Management } from 'auth0'
import { z } from 'zod'
import { given } from '../control/faults.ts'
import type { TenantAction, TenantBinding } from '../entities.ts'
import type { TenantState } from '../state.ts'
import { OFFSET } from './list.ts'
import { type ApiCall, found, parseBody, type Route, type Schemas } from './route.ts'

const MAX_PAGE = 100
/** The triggers of Auth0 that the emulator supports, with their versions. */
const TRIGGERS = {
  'post-login': 'v3',
  'credentials-exchange': 'v2',
  'pre-user-registration': 'v2',
  'post-user-registration': 'v2',
} as const
type TriggerId = keyof typeof TRIGGERS

const trigger = z.strictObject({
  id: z.enum(Object.keys(TRIGGERS) as [TriggerId, ...TriggerId[]]),
  version: z.string().optional(),
})
const update = z
  .strictObject({
    name: z.string().min(1),
    supported_triggers: z.array(trigger).min(1),
    code: z.string(),
    dependencies: z.array(
      z.strictObject({
        name: z.string(),
        version: z.string(),
        registry_url: z.string().optional(),
      }),
    ),
    runtime: z.string(),
    secrets: z.array(z.strictObject({ name: z.string(), value: z.string() })),
  } satisfies Schemas<Management.UpdateActionRequestContent>)
  .partial()
const create = update
  .required({ name: true, supported_triggers: true })
  .extend({ deploy: z.boolean().optional() })
const bindings = z.strictObject({
  bindings: z.array(
    z.strictObject({
      ref: z.strictObject({ type: z.enum(['action_id', 'action_name']), value: z.string() }),
      display_name: z.string().optional(),
    }),
  ),
})

/** The endpoints at `/actions`, which store, deploy, bind and return Actions but do not run them. */
export function actionRoutes(state: TenantState): readonly Route[] {
  const { actions } = state
  const get = ({ id }: ApiCall): TenantAction => found(actions.get(id), 'not_found', 'action')

  const list = ({ query }: ApiCall): Management.ListActionsPaginatedResponseContent => {
    const triggerId = query.get('triggerId')
    const name = query.get('actionName')
    const matching = [...actions.values()].filter(
      (action) =>
        (triggerId === null || action.supported_triggers.some(({ id }) => id === triggerId)) &&
        (name === null || action.name === name),
    )
    const { part, ...page } = pageOf(matching, query)
    return { actions: part, ...page }
  }
  const post = ({ body }: ApiCall): Management.CreateActionResponseContent => {
    const { secrets = [], deploy, ...wanted } = given(parseBody(create, body))
    const now = new Date().toISOString()
    const action: TenantAction = {
      id: randomUUID(),
      code: '',
      dependencies: [],
      runtime: 'node22',
      all_changes_deployed: false,
      created_at: now,
      updated_at: now,
      status: 'built',
      ...wanted,
      secrets: secrets.map(({ name }) => ({ name, updated_at: now })),
    }
    actions.set(action.id, action)
    return deploy === true ? deployed(action) : action
  }
  const patch = (call: ApiCall): Management.UpdateActionResponseContent => {
    const action = get(call)
    const { secrets, ...wanted } = given(parseBody(update, call.body))
    const now = new Date().toISOString()
    const changed: TenantAction = {
      ...action,
      ...wanted,
      ...(secrets !== undefined && {
        secrets: secrets.map(({ name }) => ({ name, updated_at: now })),
      }),
      updated_at: now,
      all_changes_deployed: false,
    }
    actions.set(action.id, changed)
    return changed
  }
  const deployed = (action: TenantAction): TenantAction => {
    const { code, dependencies, runtime } = action
    const about = {
      code,
      dependencies,
      runtime,
      deployed: true,
      number: 1,
      status: 'built',
    } as const
    const version = { id: randomUUID(), action_id: action.id, ...about }
    const changed = { ...action, all_changes_deployed: true, deployed_version: version }
    actions.set(action.id, changed)
    return changed
  }
  const deploy = (call: ApiCall): Management.DeployActionResponseContent =>
    deployed(get(call)).deployed_version ?? {}
  const remove = (call: ApiCall): undefined => {
    const { id } = get(call)
    actions.delete(id)
    for (const [triggerId, all] of state.bindings) {
      state.bindings.set(
        triggerId,
        all.filter(({ actionId }) => actionId !== id),
      )
    }
  }

  const triggers = (): Management.ListActionTriggersResponseContent => ({
    triggers: Object.entries(TRIGGERS).map(([id, version]) => ({
      id: id as TriggerId,
      version,
      status: 'CURRENT',
      runtimes: ['node22'],
      default_runtime: 'node22',
      compatible_triggers: [],
      binding_policy: 'trigger-bound',
    })),
  })
  const shown = (triggerId: string): Management.ActionBinding[] =>
    (state.bindings.get(triggerId) ?? []).map(({ actionId, ...binding }) => ({
      ...binding,
      trigger_id: triggerId as TriggerId,
      ...(actions.has(actionId) && { action: actions.get(actionId) }),
    }))
  const listBindings = ({
    id,
    query,
  }: ApiCall): Management.ListActionBindingsPaginatedResponseContent => {
    const { part, ...page } = pageOf(shown(id), query)
    return { bindings: part, ...page }
  }
  const patchBindings = ({ id, body }: ApiCall): Management.UpdateActionBindingsResponseContent => {
    const now = new Date().toISOString()
    const made = parseBody(bindings, body).bindings.map(({ ref, display_name }): TenantBinding => {
      const action = [...actions.values()].find(
        (one) => (ref.type === 'action_id' ? one.id : one.name) === ref.value,
      )
      const { id: actionId, name } = found(action, 'not_found', 'action')
      const about = { display_name: display_name ?? name, created_at: now, updated_at: now }
      return { id: randomUUID(), actionId, ...about }
    })
    state.bindings.set(id, made)
    return { bindings: shown(id) }
  }

  const many = '/actions/actions'
  const one = '/actions/actions/:id'
  const bound = '/actions/triggers/:id/bindings'
  const read = ['read:actions'] as const
  const pages = ['page', 'per_page']
  const query = [...OFFSET, 'triggerId', 'actionName', 'deployed', 'installed']
  return [
    { method: 'GET', path: many, scopes: read, query, answer: list },
    { method: 'GET', path: one, scopes: read, answer: get },
    { method: 'POST', path: many, scopes: ['create:actions'], status: 201, answer: post },
    { method: 'PATCH', path: one, scopes: ['update:actions'], answer: patch },
    {
      method: 'DELETE',
      path: one,
      scopes: ['delete:actions'],
      query: ['force'],
      status: 204,
      answer: remove,
    },
    {
      method: 'POST',
      path: '/actions/actions/:id/deploy',
      scopes: ['create:actions'],
      hasBody: false,
      status: 202,
      answer: deploy,
    },
    { method: 'GET', path: '/actions/triggers', scopes: read, answer: triggers },
    { method: 'GET', path: bound, scopes: read, query: pages, answer: listBindings },
    { method: 'PATCH', path: bound, scopes: ['update:actions'], answer: patchBindings },
  ]
}

/** Returns a page of a list in the form that only the Actions endpoints use. */
function pageOf<Item>(items: readonly Item[], query: URLSearchParams) {
  const per_page = Math.min(Number(query.get('per_page') ?? 50) || 50, MAX_PAGE)
  const page = Number(query.get('page') ?? 0) || 0
  const part = items.slice(page * per_page, (page + 1) * per_page)
  return { part, total: items.length, page, per_page }
}

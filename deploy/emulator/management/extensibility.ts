import { randomUUID } from 'node:crypto'
import type { Management } from 'auth0'
import { z } from 'zod'
import { given } from '../control/faults.ts'
import type { TenantState } from '../state.ts'
import { FIELDS, type Listed, listed, OFFSET, pick } from './list.ts'
import { type ApiCall, found, parseBody, type Route, type Schemas } from './route.ts'

const code = { name: z.string().min(1), script: z.string().min(1) }
const ruleUpdate = z
  .strictObject({
    ...code,
    order: z.int().min(0),
    enabled: z.boolean(),
  } satisfies Schemas<Management.UpdateRuleRequestContent>)
  .partial()
const ruleCreate = z.strictObject({ ...ruleUpdate.shape, ...code })
const hookUpdate = z
  .strictObject({
    ...code,
    enabled: z.boolean(),
    dependencies: z.record(z.string(), z.string()),
  } satisfies Schemas<Management.UpdateHookRequestContent>)
  .partial()

/** The trigger of a Hook. */
export const hookTrigger = z.enum([
  ...(['credentials-exchange', 'pre-user-registration', 'post-user-registration'] as const),
  ...(['post-change-password', 'send-phone-message'] as const),
])
const hookCreate = z.strictObject({ ...hookUpdate.shape, ...code, triggerId: hookTrigger })

/** The endpoints at `/rules`, `/hooks` and `/prompts`. */
export function extensibilityRoutes(state: TenantState): readonly Route[] {
  const listRules = ({ query }: ApiCall): Listed<Management.Rule, 'rules'> =>
    listed(shown(state.rules, query), query, 'rules')

  const listHooks = ({ query }: ApiCall): Listed<Management.Hook, 'hooks'> => {
    const trigger = query.get('triggerId')
    const hooks = state.hooks.filter(({ triggerId }) => trigger === null || triggerId === trigger)
    return listed(shown(hooks, query), query, 'hooks')
  }
  const rule = ({ id }: ApiCall): Management.Rule =>
    found(find(state.rules, id), 'inexistent_rule', 'rule')
  const hook = ({ id }: ApiCall): Management.Hook =>
    found(find(state.hooks, id), 'inexistent_hook', 'hook')

  const postRule = ({ body }: ApiCall): Management.CreateRuleResponseContent => {
    const defaults = { enabled: true, order: state.rules.length + 1, stage: 'login_success' }
    const made = { id: `rul_${randomUUID()}`, ...defaults, ...given(parseBody(ruleCreate, body)) }
    state.rules = [...state.rules, made]
    return made
  }
  const patchRule = (call: ApiCall): Management.UpdateRuleResponseContent => {
    const changed = { ...rule(call), ...given(parseBody(ruleUpdate, call.body)) }
    state.rules = state.rules.map((one) => (one.id === call.id ? changed : one))
    return changed
  }
  const postHook = ({ body }: ApiCall): Management.CreateHookResponseContent => {
    const wanted = given(parseBody(hookCreate, body))
    const made = { id: `hook_${randomUUID()}`, enabled: false, dependencies: {}, ...wanted }
    state.hooks = [...state.hooks, made]
    return made
  }
  const patchHook = (call: ApiCall): Management.UpdateHookResponseContent => {
    const changed = { ...hook(call), ...given(parseBody(hookUpdate, call.body)) }
    state.hooks = state.hooks.map((one) => (one.id === call.id ? changed : one))
    return changed
  }
  const removeRule = ({ id }: ApiCall): undefined => {
    state.rules = state.rules.filter((one) => one.id !== id)
  }
  const removeHook = ({ id }: ApiCall): undefined => {
    state.hooks = state.hooks.filter((one) => one.id !== id)
  }

  const rules = '/rules'
  const oneRule = '/rules/:id'
  const hooks = '/hooks'
  const oneHook = '/hooks/:id'
  const query = [...OFFSET, ...FIELDS, 'enabled']
  const getRule = (call: ApiCall) => pick(rule(call), call.query)
  const getHook = (call: ApiCall) => pick(hook(call), call.query)
  const hookQuery = [...query, 'triggerId']
  const getPrompts = (): Management.GetSettingsResponseContent => ({
    universal_login_experience: state.traits.loginExperience,
    identifier_first: false,
  })
  return [
    { method: 'GET', path: '/prompts', scopes: ['read:prompts'], answer: getPrompts },
    { method: 'GET', path: rules, scopes: ['read:rules'], query, answer: listRules },
    { method: 'GET', path: oneRule, scopes: ['read:rules'], query: FIELDS, answer: getRule },
    { method: 'POST', path: rules, scopes: ['create:rules'], status: 201, answer: postRule },
    { method: 'PATCH', path: oneRule, scopes: ['update:rules'], answer: patchRule },
    { method: 'DELETE', path: oneRule, scopes: ['delete:rules'], status: 204, answer: removeRule },
    { method: 'GET', path: hooks, scopes: ['read:hooks'], query: hookQuery, answer: listHooks },
    { method: 'GET', path: oneHook, scopes: ['read:hooks'], query: ['fields'], answer: getHook },
    { method: 'POST', path: hooks, scopes: ['create:hooks'], status: 201, answer: postHook },
    { method: 'PATCH', path: oneHook, scopes: ['update:hooks'], answer: patchHook },
    { method: 'DELETE', path: oneHook, scopes: ['delete:hooks'], status: 204, answer: removeHook },
  ]
}

function find<Item extends { id?: string | undefined }>(items: readonly Item[], id: string) {
  return items.find((one) => one.id === id)
}

function shown<Item extends { enabled?: boolean | undefined }>(
  items: readonly Item[],
  query: URLSearchParams,
): Item[] {
  const asked = query.get('enabled')
  const matching = items.filter(({ enabled }) => asked === null || String(enabled) === asked)
  return matching.map((item) => pick(item, query))
}

import type { Management } from 'auth0'
import { FIELDS, type Listed, listed, OFFSET, pick } from './management-list.ts'
import { type ApiCall, found, type Route } from './management-route.ts'
import type { TenantState } from './state.ts'

/** `/rules` and `/hooks`, of which `/__tenant` makes and takes away. */
export function extensibilityRoutes(state: TenantState): readonly Route[] {
  const listRules = ({ query }: ApiCall): Listed<Management.Rule, 'rules'> =>
    listed(shown(state.rules, query), query, 'rules')

  const listHooks = ({ query }: ApiCall): Listed<Management.Hook, 'hooks'> => {
    const trigger = query.get('triggerId')
    const hooks = state.hooks.filter(({ triggerId }) => trigger === null || triggerId === trigger)
    return listed(shown(hooks, query), query, 'hooks')
  }
  const getRule = ({ id, query }: ApiCall): Management.GetRuleResponseContent => {
    const rule = state.rules.find((one) => one.id === id)
    return pick(found(rule, 'inexistent_rule', 'rule'), query)
  }
  const getHook = ({ id, query }: ApiCall): Management.GetHookResponseContent => {
    const hook = state.hooks.find((one) => one.id === id)
    return pick(found(hook, 'inexistent_hook', 'hook'), query)
  }

  const query = [...OFFSET, ...FIELDS, 'enabled']
  return [
    { method: 'GET', path: /^\/rules$/, scopes: ['read:rules'], query, answer: listRules },
    {
      method: 'GET',
      path: /^\/rules\/([^/]+)$/,
      scopes: ['read:rules'],
      query: FIELDS,
      answer: getRule,
    },
    {
      method: 'GET',
      path: /^\/hooks$/,
      scopes: ['read:hooks'],
      query: [...query, 'triggerId'],
      answer: listHooks,
    },
    {
      method: 'GET',
      path: /^\/hooks\/([^/]+)$/,
      scopes: ['read:hooks'],
      query: ['fields'],
      answer: getHook,
    },
  ]
}

function shown<Item extends { enabled?: boolean | undefined }>(
  items: readonly Item[],
  query: URLSearchParams,
): Item[] {
  const asked = query.get('enabled')
  const matching = items.filter(({ enabled }) => asked === null || String(enabled) === asked)
  return matching.map((item) => pick(item, query))
}

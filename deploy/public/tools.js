import { create, element } from './page.js'

/** Shows the tools of an OpenAPI description, each with its scopes. */
export function showTools({ value, problem }) {
  const operations = Object.values(value?.paths ?? {}).flatMap(({ post }) => post ?? [])
  const rows = operations.map(describeTool)
  const none =
    problem === undefined ? 'The gateway has no tools.' : 'The gateway does not list its tools.'
  element('tools').replaceChildren(...(rows.length > 0 ? rows : [create('li', none, 'hint')]))
  element('count').textContent = rows.length > 0 ? rows.length : ''
}

function describeTool({ operationId, summary, description, security = [] }) {
  const tool = create('li')
  const heading = create('h3', summary || operationId)
  heading.append(' ', create('code', operationId))
  tool.append(
    heading,
    ...(description ? [create('p', description)] : []),
    ...describeAccess(security),
  )
  return tool
}

/** An empty requirement among others makes sign-in optional (OpenAPI 3.1 s4.8.10). */
function describeAccess(security) {
  const scopes = security.flatMap((requirement) => Object.values(requirement).flat())
  const signIns = security.filter((requirement) => Object.keys(requirement).length > 0)
  if (signIns.length === 0) return [create('p', 'No sign-in required.', 'hint')]
  const list = scopes.length > 0 ? [listScopes(scopes)] : []
  if (signIns.length < security.length) {
    return [create('p', 'Sign-in optional.', 'hint'), ...list]
  }
  return list.length > 0 ? list : [create('p', 'Sign-in required, without a scope.', 'hint')]
}

function listScopes(scopes) {
  const list = create('ul', undefined, 'scopes')
  list.setAttribute('aria-label', 'Required scopes')
  list.append(...scopes.map((scope) => create('li', scope)))
  return list
}

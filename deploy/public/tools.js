import { create, element } from './page.js'

/** Shows the tools of an OpenAPI description, each with its scopes. */
export function showTools({ value, problem }) {
  const operations = Object.values(value?.paths ?? {}).flatMap(({ post }) => post ?? [])
  const rows = operations.map(describeTool)
  const none = problem === undefined ? 'There are none.' : 'The gateway does not tell.'
  element('tools').replaceChildren(...(rows.length > 0 ? rows : [create('li', none, 'hint')]))
  element('count').textContent = rows.length > 0 ? rows.length : ''
}

function describeTool({ operationId, summary, description, security = [] }) {
  const tool = create('li')
  const heading = create('h3', summary || operationId)
  heading.append(' ', create('code', operationId))
  const scopes = security.flatMap((scheme) => Object.values(scheme).flat())
  const needs =
    scopes.length > 0 ? listScopes(scopes) : create('p', 'Callable without signing in.', 'hint')
  tool.append(heading, ...(description ? [create('p', description)] : []), needs)
  return tool
}

function listScopes(scopes) {
  const list = create('ul', undefined, 'scopes')
  list.setAttribute('aria-label', 'Scopes that it needs')
  list.append(...scopes.map((scope) => create('li', scope)))
  return list
}

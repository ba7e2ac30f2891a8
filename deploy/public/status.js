// Everything that is shown comes from this origin's own documents, and is set as text.

const REFRESH_MS = 30_000
const TIMEOUT_MS = 10_000

const element = (id) => document.getElementById(id)

/** Asks for a JSON document; what is no JSON is as good as nothing. */
async function ask(path) {
  try {
    const answer = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) })
    const type = answer.headers.get('content-type') ?? ''
    if (!type.includes('json')) return { problem: `answers ${answer.status} and no JSON` }
    const value = await answer.json()
    return { ok: answer.ok, status: answer.status, value }
  } catch {
    return { problem: 'does not answer' }
  }
}

function create(name, text, className) {
  const made = document.createElement(name)
  if (text !== undefined) made.textContent = text
  if (className !== undefined) made.className = className
  return made
}

function showPart(part, isGood, text) {
  const row = document.querySelector(`[data-part="${part}"]`)
  row.dataset.state = isGood ? 'good' : 'bad'
  row.querySelector('dd').textContent = text
}

function problemOf({ problem, ok, status }) {
  return problem ?? (ok ? undefined : `answers ${status}`)
}

function showVerdict(faults) {
  const verdict = element('verdict')
  const text = faults.length === 0 ? 'Everything answers.' : `Not working: ${faults.join(', ')}.`
  verdict.dataset.state = faults.length === 0 ? 'good' : 'bad'
  // Said again only when it changes: the element is a live region.
  if (verdict.textContent !== text) verdict.textContent = text
}

function showAdvice(isAuth0Down) {
  element('advice').textContent = isAuth0Down
    ? 'Nobody can sign in until Auth0 answers again. Tokens that were issued before stay good while the gateway has kept the keys, a day at most.'
    : ''
}

function showResource({ value }) {
  if (typeof value?.resource !== 'string') return
  element('url').textContent = value.resource
  element('name').textContent = String(value.resource_name ?? new URL(value.resource).host)
  element('copy').disabled = false
}

function showAuth0({ value, ...answer }) {
  const problem = answer.problem
  const failing = Array.isArray(value?.failing) ? value.failing : []
  const part = (name) => value?.[name] ?? {}
  const reason = (name) =>
    part(name).reason ? `cannot be reached (${part(name).reason})` : 'fails'
  const unknown = problem === undefined ? 'not known' : `not known: the health check ${problem}`
  if (value?.status === undefined) {
    showPart('issuer', false, unknown)
    showPart('jwks', false, unknown)
    return ['Auth0']
  }
  const issuer = failing.includes('issuer')
  const jwks = failing.includes('jwks')
  showPart('issuer', !issuer, issuer ? reason('issuer') : String(part('issuer').url))
  showPart('jwks', !jwks, jwks ? reason('jwks') : describeKeys(part('jwks')))
  return [...(issuer ? ['Auth0'] : []), ...(jwks ? ['the signing keys'] : [])]
}

function describeKeys({ keys = [], algorithms = [], age_seconds: age }) {
  const count = keys.length === 1 ? '1 key' : `${keys.length} keys`
  const fetched = age === null ? '' : `, fetched ${age === 0 ? 'now' : `${age} s ago`}`
  return `${count}, ${algorithms.join(' ')}${fetched}`
}

function showTools({ ok, value }) {
  const list = element('tools')
  const operations = Object.values(ok ? (value.paths ?? {}) : {}).map(({ post }) => post)
  const rows = operations.filter(Boolean).map(describeTool)
  const none = create('li', ok ? 'There are none.' : 'The gateway does not tell.', 'hint')
  list.replaceChildren(...(rows.length > 0 ? rows : [none]))
}

function describeTool({ operationId, summary, description, security = [] }) {
  const row = create('li')
  const heading = create('h3', summary || operationId)
  heading.append(' ', create('code', operationId))
  const scopes = create('ul', undefined, 'scopes')
  scopes.setAttribute('aria-label', 'Scopes that it needs')
  const needed = security.flatMap((scheme) => Object.values(scheme).flat())
  scopes.append(...(needed.length > 0 ? needed : ['public']).map((scope) => create('li', scope)))
  row.append(heading, ...(description ? [create('p', description)] : []), scopes)
  return row
}

async function refresh() {
  element('refresh').disabled = true
  const [resource, health, auth0, openApi] = await Promise.all(
    ['/.well-known/oauth-protected-resource', '/health', '/health/auth0', '/openapi.json'].map(ask),
  )
  showResource(resource)
  const metadata = problemOf(health) ?? problemOf(resource)
  const gateway = problemOf(openApi)
  showPart('metadata', metadata === undefined, metadata ?? 'answers')
  showPart('gateway', gateway === undefined, gateway ?? 'answers')
  const auth0Faults = showAuth0(auth0)
  const faults = [
    ...(metadata === undefined ? [] : ['the metadata function']),
    ...(gateway === undefined ? [] : ['the gateway']),
    ...auth0Faults,
  ]
  showAdvice(auth0.value?.failing?.length > 0)
  showTools(openApi)
  showVerdict(faults)
  element('checked').textContent = `Looked at ${new Date().toLocaleTimeString()}, again every 30 s`
  element('refresh').disabled = false
}

async function copy() {
  const code = element('url')
  try {
    await navigator.clipboard.writeText(code.textContent)
    element('copied').textContent = 'Copied.'
  } catch {
    getSelection().selectAllChildren(code)
    element('copied').textContent = 'Selected: copy it with your keyboard.'
  }
}

element('copy').addEventListener('click', copy)
element('refresh').addEventListener('click', refresh)
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void refresh()
})
setInterval(() => {
  if (!document.hidden) void refresh()
}, REFRESH_MS)
void refresh()

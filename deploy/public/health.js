import { problemOf, readJson, request } from './request.js'

/** The name of each part in sentences, and the effect of its failure; by the row of the page. */
const PARTS = {
  metadata: {
    name: 'metadata function',
    effect: 'ChatGPT cannot find the authorization server, so new users cannot connect.',
  },
  gateway: { name: 'gateway', effect: 'Tools cannot be called.' },
  'log-webhook': {
    name: 'log webhook function',
    effect: 'New clients are not admitted, so new users cannot connect.',
  },
  registration: {
    name: 'registration function',
    effect: 'ChatGPT cannot register, so new users cannot connect.',
  },
  issuer: {
    name: 'Auth0',
    effect:
      'Users cannot sign in until Auth0 responds again. Existing tokens work until they expire.',
  },
  jwks: {
    name: 'signing keys',
    effect: 'The gateway verifies tokens with its cached keys, for at most one day.',
  },
}

const REASONS = {
  timeout: 'does not respond in time',
  not_json: 'does not return JSON',
  issuer_mismatch: 'names another issuer',
  no_keys: 'has no keys',
}

const rowOf = (part) => document.querySelector(`[data-part="${part}"]`)

/** The parts that are known to be down. */
export function partsDown() {
  return Object.entries(PARTS)
    .filter(([part]) => rowOf(part).dataset.state === 'bad')
    .map(([part, { name, effect }]) => ({ part, name, effect }))
}

/** Checks the gateway by its OpenAPI document, and returns the document. */
export async function checkGateway() {
  const openApi = await readJson('/openapi.json')
  showResponse('gateway', openApi.problem)
  return openApi
}

/** Checks all other parts, and returns the protected resource metadata. */
export async function checkOtherParts() {
  const [health, auth0] = [readJson('/health'), readJson('/health/auth0')]
  const resource = await readJson('/.well-known/oauth-protected-resource')
  const { value, problem } = await health
  showResponse('metadata', problem ?? resource.problem)
  showBuild(value)
  await Promise.all([
    checkLogWebhook(),
    checkRegistration(resource),
    showWaysToConnect(resource),
    auth0.then(showAuth0),
  ])
  return resource
}

/** log-webhook accepts only deliveries: it responds to a GET with 405. */
async function checkLogWebhook() {
  const response = await request('/auth0-log-webhook')
  showResponse('log-webhook', response?.status === 405 ? undefined : problemOf(response))
}

function showBuild({ version, commit, built } = {}) {
  const time = built === undefined ? undefined : `built ${new Date(built).toLocaleString()}`
  const parts = [version && `Version ${version}`, commit && `commit ${commit}`, time]
  document.getElementById('build').textContent = parts.filter(Boolean).join(', ')
}

/** Clients register at this origin only with curated metadata, which names it as the server. */
async function checkRegistration({ value }) {
  const isCurated = isOwnServer(value)
  rowOf('registration').hidden = !isCurated
  if (isCurated) {
    showResponse('registration', problemOf(await request('/oauth/register', 'OPTIONS')))
  } else show('registration', 'unknown', '…')
}

/** The ways in which clients can register, by the metadata of the authorization server. */
async function showWaysToConnect({ value: resource }) {
  const { value } = await readJson('/.well-known/oauth-authorization-server')
  if (typeof value?.issuer !== 'string') return show('way', 'unknown', 'unknown')
  const ways = waysToConnect(value, isOwnServer(resource))
  const redirect =
    value.authorization_response_iss_parameter_supported === true
      ? '; iss is on, so ChatGPT uses one redirect URI for all connections'
      : ''
  show('way', 'good', `${ways.join(', ') || 'one predefined client'}${redirect}`)
}

/** ChatGPT prefers a predefined client, then its metadata document, then registration. */
function waysToConnect(metadata, isCurated) {
  const hasRegistration = typeof metadata.registration_endpoint === 'string'
  return [
    ...(metadata.client_id_metadata_document_supported === true
      ? ['metadata document (CIMD)']
      : []),
    ...(hasRegistration
      ? [isCurated ? 'registration at this deployment (curated)' : 'dynamic registration (DCR)']
      : []),
  ]
}

function isOwnServer(resource) {
  return String(resource?.resource).startsWith(`${resource?.authorization_servers?.[0]}/`)
}

function showAuth0({ value, problem = 'returns no health report' }) {
  if (!Array.isArray(value?.failing)) {
    // The metadata function serves the health report.
    show('metadata', 'bad', problem)
    for (const part of ['issuer', 'jwks']) show(part, 'unknown', 'unknown')
    return
  }
  const { failing, issuer, jwks } = value
  if (failing.includes('issuer')) show('issuer', 'bad', describeFailure(issuer))
  else show('issuer', 'good', issuer.url)
  if (failing.includes('jwks')) show('jwks', 'bad', describeFailure({ reason: 'no_keys', ...jwks }))
  else show('jwks', 'good', describeKeys(jwks))
}

function showResponse(part, problem) {
  show(part, problem === undefined ? 'good' : 'bad', problem ?? 'responds')
}

function show(part, state, text) {
  const row = rowOf(part)
  row.dataset.state = state
  row.querySelector('dd').textContent = text
}

function describeFailure({ url, reason }) {
  const [, status] = /^status_(\d+)$/.exec(reason) ?? []
  if (status !== undefined) return `${url} responds with ${status}`
  return `${url} ${REASONS[reason] ?? `cannot be reached (${reason})`}`
}

function describeKeys({ keys, algorithms, age_seconds: age }) {
  const count = keys.length === 1 ? '1 key' : `${keys.length} keys`
  const fetched = `fetched ${age === 0 ? 'now' : `${age} s ago`}`
  return [count, ...algorithms, fetched].join(', ')
}

import { ask, problemOf, reach } from './ask.js'

/** The name of each part, and the effect of its failure. */
const PARTS = {
  metadata: {
    name: 'the metadata function',
    effect: 'ChatGPT cannot find the sign-in, so new users cannot connect.',
  },
  gateway: { name: 'the gateway', effect: 'Tools cannot be called.' },
  'log-webhook': {
    name: 'the log webhook function',
    effect: 'Registered clients are not admitted, so new users cannot connect.',
  },
  registration: {
    name: 'the registration function',
    effect: 'ChatGPT cannot register, so new users cannot connect.',
  },
  issuer: {
    name: 'Auth0',
    effect:
      'Users cannot sign in until Auth0 responds again; existing tokens are valid until they expire.',
  },
  jwks: {
    name: 'the signing keys',
    effect: 'The gateway verifies tokens with cached keys for at most a day.',
  },
}

const REASONS = {
  timeout: 'does not respond in time',
  not_json: 'does not return JSON',
  issuer_mismatch: 'returns a different issuer',
  no_keys: 'has no keys',
}

const rowOf = (part) => document.querySelector(`[data-part="${part}"]`)

/** Returns the parts that are down. */
export function partsDown() {
  return Object.entries(PARTS)
    .filter(([part]) => rowOf(part).dataset.state === 'bad')
    .map(([part, { name, effect }]) => ({ part, name, effect }))
}

/** Checks the gateway; returns its OpenAPI document. */
export async function lookAtGateway() {
  const openApi = await ask('/openapi.json')
  showAnswer('gateway', openApi.problem)
  return openApi
}

/** Checks the metadata function and the parts that it reports; returns the protected resource metadata. */
export async function lookAtMetadata() {
  const [health, auth0] = [ask('/health'), ask('/health/auth0')]
  const resource = await ask('/.well-known/oauth-protected-resource')
  const { value, problem } = await health
  showAnswer('metadata', problem ?? resource.problem)
  showBuild(value)
  await Promise.all([
    lookAtLogWebhook(),
    lookAtRegistration(resource),
    lookAtWay(resource),
    auth0.then(showAuth0),
  ])
  return resource
}

/** log-webhook returns 405 for requests that are not deliveries. */
async function lookAtLogWebhook() {
  const answer = await reach('/auth0-log-webhook')
  showAnswer('log-webhook', answer?.status === 405 ? undefined : problemOf(answer))
}

function showBuild({ version, commit, built } = {}) {
  const time = built === undefined ? undefined : `built ${new Date(built).toLocaleString()}`
  const parts = [version && `Version ${version}`, commit && `commit ${commit}`, time]
  document.getElementById('build').textContent = parts.filter(Boolean).join(', ')
}

/** The registration function is used only with curated metadata: the authorization server is this origin. */
async function lookAtRegistration({ value }) {
  const isCurated = isOwnServer(value)
  rowOf('registration').hidden = !isCurated
  if (isCurated) showAnswer('registration', problemOf(await reach('/oauth/register', 'OPTIONS')))
  else show('registration', 'unknown', '…')
}

/** Shows how clients connect, according to Auth0's public metadata. */
async function lookAtWay({ value: resource }) {
  const { value } = await ask('/.well-known/oauth-authorization-server')
  if (typeof value?.issuer !== 'string') return show('way', 'unknown', 'not known')
  const ways = waysIn(value, isOwnServer(resource))
  const redirect =
    value.authorization_response_iss_parameter_supported === true
      ? '; iss is on, so ChatGPT uses one redirect URI for all connections'
      : ''
  show('way', 'good', `${ways.join(', ') || 'one predefined client'}${redirect}`)
}

/** ChatGPT prefers its metadata document to registration, and a predefined client to both. */
function waysIn(metadata, isCurated) {
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
    // The metadata function serves this report.
    show('metadata', 'bad', problem)
    for (const part of ['issuer', 'jwks']) show(part, 'unknown', 'not known')
    return
  }
  const { failing, issuer, jwks } = value
  if (failing.includes('issuer')) show('issuer', 'bad', describeFailure(issuer))
  else show('issuer', 'good', issuer.url)
  if (failing.includes('jwks')) show('jwks', 'bad', describeFailure({ reason: 'no_keys', ...jwks }))
  else show('jwks', 'good', describeKeys(jwks))
}

function showAnswer(part, problem) {
  show(part, problem === undefined ? 'good' : 'bad', problem ?? 'responds')
}

function show(part, state, text) {
  const row = rowOf(part)
  row.dataset.state = state
  row.querySelector('dd').textContent = text
}

function describeFailure({ url, reason }) {
  const [, status] = /^status_(\d+)$/.exec(reason) ?? []
  if (status !== undefined) return `${url} returns ${status}`
  return `${url} ${REASONS[reason] ?? `cannot be reached (${reason})`}`
}

function describeKeys({ keys, algorithms, age_seconds: age }) {
  const count = keys.length === 1 ? '1 key' : `${keys.length} keys`
  const fetched = `fetched ${age === 0 ? 'now' : `${age} s ago`}`
  return [count, ...algorithms, fetched].join(', ')
}

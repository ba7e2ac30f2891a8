import { ask, problemOf, reach } from './ask.js'

/** The parts by their rows: what a sentence calls each, and what does not work without it. */
const PARTS = {
  metadata: {
    name: 'the metadata function',
    effect: 'ChatGPT cannot read where people sign in, so nobody new can connect.',
  },
  gateway: { name: 'the gateway', effect: 'No tool can be called.' },
  'log-webhook': {
    name: 'the log webhook function',
    effect: 'Clients that register are not admitted, so nobody new can connect.',
  },
  registration: {
    name: 'the registration function',
    effect: 'ChatGPT cannot register, so nobody new can connect.',
  },
  issuer: {
    name: 'Auth0',
    effect: 'Nobody can sign in until Auth0 answers again; tokens stay good until they expire.',
  },
  jwks: {
    name: 'the signing keys',
    effect: 'The gateway checks tokens with the keys that it has kept, for a day at most.',
  },
}

const REASONS = {
  timeout: 'does not answer in time',
  not_json: 'answers no JSON',
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

/** The gateway, by the description of its tools; returns that. */
export async function lookAtGateway() {
  const openApi = await ask('/openapi.json')
  showAnswer('gateway', openApi.problem)
  return openApi
}

/** The metadata function, and what it knows of the others; returns the protected resource. */
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

/** It takes deliveries alone, and says so to all others (405). */
async function lookAtLogWebhook() {
  const answer = await reach('/auth0-log-webhook')
  showAnswer('log-webhook', answer?.status === 405 ? undefined : problemOf(answer))
}

function showBuild({ version, commit, built } = {}) {
  const time = built === undefined ? undefined : `built ${new Date(built).toLocaleString()}`
  const parts = [version && `Version ${version}`, commit && `commit ${commit}`, time]
  document.getElementById('build').textContent = parts.filter(Boolean).join(', ')
}

/** Clients register here only where the authorization server is this origin: curated metadata. */
async function lookAtRegistration({ value }) {
  const isCurated = isOwnServer(value)
  rowOf('registration').hidden = !isCurated
  if (isCurated) showAnswer('registration', problemOf(await reach('/oauth/register', 'OPTIONS')))
  else show('registration', 'unknown', '…')
}

/** How clients become known to Auth0, as far as its public metadata says. */
async function lookAtWay({ value: resource }) {
  const { value } = await ask('/.well-known/oauth-authorization-server')
  if (typeof value?.issuer !== 'string') return show('way', 'unknown', 'not known')
  const ways = waysIn(value, isOwnServer(resource))
  const redirect =
    value.authorization_response_iss_parameter_supported === true
      ? '; iss is on, so ChatGPT has one redirect URI for all connections'
      : ''
  show('way', 'good', `${ways.join(', ') || 'one predefined client'}${redirect}`)
}

/** ChatGPT prefers its metadata document to registration; a predefined client goes before both. */
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

function showAuth0({ value, problem = 'tells nothing' }) {
  if (!Array.isArray(value?.failing)) {
    // It is the metadata function that answers this.
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
  show(part, problem === undefined ? 'good' : 'bad', problem ?? 'answers')
}

function show(part, state, text) {
  const row = rowOf(part)
  row.dataset.state = state
  row.querySelector('dd').textContent = text
}

function describeFailure({ url, reason }) {
  const [, status] = /^status_(\d+)$/.exec(reason) ?? []
  if (status !== undefined) return `${url} answers ${status}`
  return `${url} ${REASONS[reason] ?? `cannot be reached (${reason})`}`
}

function describeKeys({ keys, algorithms, age_seconds: age }) {
  const count = keys.length === 1 ? '1 key' : `${keys.length} keys`
  const fetched = `fetched ${age === 0 ? 'now' : `${age} s ago`}`
  return [count, ...algorithms, fetched].join(', ')
}

import { checkGateway, checkOtherParts, partsDown } from './health.js'
import { create, createLink, element } from './page.js'
import { NO_RESPONSE } from './request.js'
import { showTools } from './tools.js'

const REFRESH_MS = 30_000
const COPIED_MS = 5_000
const OFFLINE = 'If this device is online, the domain in front of the functions is down.'

let runningCheck
let copiedTimer

/** Checks every part. Only one check runs at a time, so that an older result cannot replace a newer one. */
function checkAll() {
  runningCheck ??= checkOnce().finally(() => {
    runningCheck = undefined
  })
  return runningCheck
}

async function checkOnce() {
  const gateway = checkGateway()
  void gateway.then(showTools)
  void gateway.then(({ value }) => showConnector(`${value?.servers?.[0]?.url}/mcp`))
  const [resource, openApi] = await Promise.all([checkOtherParts(), gateway])
  if (element('copy').disabled) showConnector(resource.value?.resource)
  showVerdict([resource, openApi].every(({ problem }) => problem === NO_RESPONSE))
  const time = new Date().toLocaleTimeString()
  element('checked').textContent = `Checked at ${time}, repeats every ${REFRESH_MS / 1000} s`
}

/** A screen reader announces a check that the user started, but not the periodic ones. */
async function checkOnRequest() {
  const checked = element('checked')
  checked.setAttribute('aria-live', 'polite')
  checked.textContent = 'Checking…'
  await checkAll()
  setTimeout(() => checked.setAttribute('aria-live', 'off'), 1_000)
}

/** The audience is the connector URL only if it is the URL of an MCP endpoint. */
function showConnector(url) {
  if (URL.canParse(url) && url.endsWith('/mcp')) {
    element('url').textContent = url
    element('name').textContent = new URL(url).host
    element('copy').disabled = false
  } else if (element('copy').disabled) {
    element('url').textContent = 'unknown until the gateway responds'
  }
}

function showVerdict(isUnreachable) {
  const down = partsDown()
  const state = down.length === 0 ? 'good' : 'bad'
  const names = down.map(({ name }) => name).join(', ')
  const failure = isUnreachable ? 'No service responds.' : `Unavailable: ${names}.`
  const text = state === 'good' ? 'All services respond.' : failure
  const name = element('copy').disabled ? location.host : element('name').textContent
  document.title = `${text.slice(0, -1)} – ${name}`
  // The element is a live region: a screen reader announces each assignment.
  if (element('verdict').textContent === text) return
  element('verdict').textContent = text
  element('verdict').dataset.state = state
  element('advice').replaceChildren(...(isUnreachable ? [OFFLINE] : adviceOn(down)))
}

function adviceOn(down) {
  if (down.length === 0) return ['ChatGPT can sign users in and call the tools.']
  const effects = down.map(({ effect }) => effect).join(' ')
  const isAuth0Down = down.some(({ part }) => part === 'issuer' || part === 'jwks')
  const auth0 = createLink('https://status.auth0.com/', 'status.auth0.com')
  const { textContent: url } = element('url')
  const { origin } = element('copy').disabled ? location : new URL(url)
  return [
    effects,
    ...(isAuth0Down ? [' See ', auth0, '.'] : []),
    ' To find the cause: ',
    create('code', `npm run doctor -- ${origin}`),
  ]
}

async function copy() {
  const code = element('url')
  try {
    await navigator.clipboard.writeText(code.textContent)
    announce('Copied.')
  } catch {
    getSelection().selectAllChildren(code)
    announce('The browser did not allow the copy. The URL is selected: copy it yourself.')
  }
}

/** Clears the text first, so that a screen reader announces a repeated text too. */
function announce(text) {
  clearTimeout(copiedTimer)
  element('copied').textContent = ''
  setTimeout(() => {
    element('copied').textContent = text
  }, 50)
  copiedTimer = setTimeout(() => {
    element('copied').textContent = ''
  }, COPIED_MS)
}

function checkIfVisible() {
  if (!document.hidden) void checkAll()
}

element('copy').addEventListener('click', copy)
element('refresh').addEventListener('click', checkOnRequest)
document.addEventListener('visibilitychange', checkIfVisible)
setInterval(checkIfVisible, REFRESH_MS)
void checkAll()

import { NO_ANSWER } from './ask.js'
import { lookAtGateway, lookAtMetadata, partsDown } from './health.js'
import { create, createLink, element } from './page.js'
import { showTools } from './tools.js'

const REFRESH_MS = 30_000
const COPIED_MS = 5_000
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']
const OFFLINE = 'If this device is online, the domain of the functions is not working.'

let looking
let copiedUntil

/** Checks every part. Only one check runs at a time, so that results arrive in order. */
function look() {
  looking ??= lookOnce().finally(() => {
    looking = undefined
  })
  return looking
}

async function lookOnce() {
  const gateway = lookAtGateway()
  void gateway.then(showTools)
  void gateway.then(({ value }) => showConnector(`${value?.servers?.[0]?.url}/mcp`))
  const [resource, openApi] = await Promise.all([lookAtMetadata(), gateway])
  if (element('copy').disabled) showConnector(resource.value?.resource)
  showVerdict([resource, openApi].every(({ problem }) => problem === NO_ANSWER))
  const time = new Date().toLocaleTimeString()
  element('checked').textContent = `Checked at ${time}, refreshed every ${REFRESH_MS / 1000} s`
}

/** Screen readers announce only checks that the user starts, not the periodic ones. */
async function lookAsAsked() {
  const checked = element('checked')
  checked.setAttribute('aria-live', 'polite')
  checked.textContent = 'Checking …'
  await look()
  setTimeout(() => checked.setAttribute('aria-live', 'off'), 1_000)
}

/** Shows the URL if it is the URL of an MCP endpoint. */
function showConnector(url) {
  if (URL.canParse(url) && url.endsWith('/mcp')) {
    element('url').textContent = url
    element('name').textContent = new URL(url).host
    element('copy').disabled = false
  } else if (element('copy').disabled) {
    element('url').textContent = 'unknown until the gateway responds'
  }
}

function showVerdict(isSilent) {
  const down = partsDown()
  const state = down.length === 0 ? 'good' : 'bad'
  const names = down.map(({ name }) => name).join(', ')
  const trouble = isSilent ? 'No response.' : `Not working: ${names}.`
  const text = state === 'good' ? 'All systems operational.' : trouble
  const name = element('copy').disabled ? location.host : element('name').textContent
  document.title = `${text.slice(0, -1)} – ${name}`
  // Updated only if it changes, because screen readers announce updates of a live region.
  if (element('verdict').textContent === text) return
  element('verdict').textContent = text
  element('verdict').dataset.state = state
  element('advice').replaceChildren(...(isSilent ? [OFFLINE] : adviceOn(down)))
}

function adviceOn(down) {
  const { textContent: url } = element('url')
  const { origin, hostname } = element('copy').disabled ? location : new URL(url)
  if (down.length === 0) return adviceAt(hostname)
  const effects = down.map(({ effect }) => effect).join(' ')
  const isAuth0Down = down.some(({ part }) => part === 'issuer' || part === 'jwks')
  const auth0 = createLink('https://status.auth0.com/', 'status.auth0.com')
  return [
    effects,
    ...(isAuth0Down ? [' See ', auth0, '.'] : []),
    ' To find the cause, run ',
    create('code', `npm run doctor -- ${origin}`),
  ]
}

function adviceAt(hostname) {
  if (!LOOPBACK.includes(hostname)) return ['ChatGPT can find the sign-in and call the tools.']
  const guide = create('code', 'docs/local.md')
  return [
    'Programs on this machine can connect. ChatGPT requires a public URL, for example that of a tunnel (',
    guide,
    ').',
  ]
}

async function copy() {
  const code = element('url')
  try {
    await navigator.clipboard.writeText(code.textContent)
    say('Copied.')
  } catch {
    getSelection().selectAllChildren(code)
    say('The browser does not allow copying. The URL is selected: copy it manually.')
  }
}

/** Clears the text first, so that screen readers announce a repeated message. */
function say(text) {
  clearTimeout(copiedUntil)
  element('copied').textContent = ''
  setTimeout(() => {
    element('copied').textContent = text
  }, 50)
  copiedUntil = setTimeout(() => {
    element('copied').textContent = ''
  }, COPIED_MS)
}

function lookWhenSeen() {
  if (!document.hidden) void look()
}

element('copy').addEventListener('click', copy)
element('refresh').addEventListener('click', lookAsAsked)
document.addEventListener('visibilitychange', lookWhenSeen)
setInterval(lookWhenSeen, REFRESH_MS)
void look()

import { NO_ANSWER } from './ask.js'
import { lookAtGateway, lookAtMetadata, partsDown } from './health.js'
import { create, createLink, element } from './page.js'
import { showTools } from './tools.js'

const REFRESH_MS = 30_000
const COPIED_MS = 5_000
const OFFLINE = 'Is this device online? If it is, the domain in front of the functions is not.'

let looking
let copiedUntil

/** Asks every part; one look at a time, so that no late answer covers a newer one. */
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
  element('checked').textContent = `Looked at ${time}, again every ${REFRESH_MS / 1000} s`
}

/** Whoever asks hears that it begins and ends; nobody hears what happens every half a minute. */
async function lookAsAsked() {
  const checked = element('checked')
  checked.setAttribute('aria-live', 'polite')
  checked.textContent = 'Looking …'
  await look()
  setTimeout(() => checked.setAttribute('aria-live', 'off'), 1_000)
}

/** The audience is the connector's URL only where it is the address of an MCP endpoint. */
function showConnector(url) {
  if (URL.canParse(url) && url.endsWith('/mcp')) {
    element('url').textContent = url
    element('name').textContent = new URL(url).host
    element('copy').disabled = false
  } else if (element('copy').disabled) {
    element('url').textContent = 'not known until the gateway answers'
  }
}

function showVerdict(isSilent) {
  const down = partsDown()
  const state = down.length === 0 ? 'good' : 'bad'
  const names = down.map(({ name }) => name).join(', ')
  const trouble = isSilent ? 'Nothing answers.' : `Not working: ${names}.`
  const text = state === 'good' ? 'Everything answers.' : trouble
  const name = element('copy').disabled ? location.host : element('name').textContent
  document.title = `${text.slice(0, -1)} – ${name}`
  // Said again only when it changes: it stands in a live region.
  if (element('verdict').textContent === text) return
  element('verdict').textContent = text
  element('verdict').dataset.state = state
  element('advice').replaceChildren(...(isSilent ? [OFFLINE] : adviceOn(down)))
}

function adviceOn(down) {
  if (down.length === 0) return ['ChatGPT can read where people sign in, and call the tools.']
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
    say('Copied.')
  } catch {
    getSelection().selectAllChildren(code)
    say('Not copied: the browser does not allow it. The URL is selected, copy it from there.')
  }
}

/** Says it anew even when it has just been said. */
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

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import {
  AppBridge,
  getToolUiResourceUri,
  PostMessageTransport,
  RESOURCE_MIME_TYPE,
} from '@modelcontextprotocol/ext-apps/app-bridge'

const HOST = { name: 'preview', version: '1.0.0' }
const find = (id) => document.getElementById(id)
const log = (line) => {
  find('log').textContent += `${line}\n`
}

/** Returns whether the UI of a tool may call this tool (MCP Apps, "Visibility"). */
function isCallableByApps(tool) {
  const visibility = tool?._meta?.ui?.visibility
  return tool !== undefined && (visibility === undefined || visibility.includes('app'))
}

function decode({ text, blob }) {
  if (text !== undefined) return text
  return new TextDecoder().decode(Uint8Array.from(atob(blob), (byte) => byte.codePointAt(0)))
}

async function connect() {
  const client = new Client(HOST, {
    versionNegotiation: { mode: 'auto' },
    capabilities: {
      extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: [RESOURCE_MIME_TYPE] } },
    },
  })
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', location.origin)))
  return client
}

/** Opens a new frame for each call, because a UI gets the input and the result of one call. */
function openFrame(sandbox, csp, hasBorder) {
  const frame = document.createElement('iframe')
  const address = new URL(sandbox)
  if (csp !== undefined) address.searchParams.set('csp', JSON.stringify(csp))
  frame.title = 'Sandbox'
  frame.className = hasBorder ? 'bordered' : ''
  frame.setAttribute('sandbox', 'allow-scripts allow-same-origin allow-forms')
  frame.src = address.href
  find('frame').replaceChildren(frame)
  return frame
}

async function show(client, tools, sandbox, tool, args) {
  const calling = client.callTool({ name: tool.name, arguments: args })
  const uri = getToolUiResourceUri(tool)
  log(`calling ${tool.name}${uri === undefined ? ', which has no UI' : `; its UI is ${uri}`}`)
  if (uri === undefined) return log(JSON.stringify(await calling, undefined, 2))
  calling.catch(() => undefined)
  const [content] = (await client.readResource({ uri })).contents
  if (content?.mimeType !== RESOURCE_MIME_TYPE) {
    return log(`${uri} has the type ${content?.mimeType}, but must have ${RESOURCE_MIME_TYPE}`)
  }
  const { csp, permissions, prefersBorder = true } = content._meta?.ui ?? {}
  const frame = openFrame(sandbox, csp, prefersBorder)
  const capabilities = { serverTools: {}, serverResources: {}, logging: {}, openLinks: {} }
  // With direct access to the client, the bridge would forward all calls, including forbidden ones.
  const bridge = new AppBridge(null, HOST, capabilities, {
    hostContext: { theme: 'light', displayMode: 'inline', toolInfo: { tool } },
  })
  bridge.oncalltool = (params) => {
    log(`the UI calls ${params.name}`)
    if (!isCallableByApps(tools.find(({ name }) => name === params.name))) {
      throw new Error('This tool cannot be called by a UI.')
    }
    return client.callTool(params)
  }
  bridge.onlistresources = (params) => client.listResources(params)
  bridge.onreadresource = (params) => client.readResource(params)
  bridge.onopenlink = async ({ url }) => {
    log(`the UI requested to open ${url}`)
    return {}
  }
  bridge.onloggingmessage = ({ data }) => log(`the UI logged: ${JSON.stringify(data)}`)
  bridge.onsizechange = ({ height }) => {
    if (height !== undefined) frame.style.height = `${Math.min(Math.max(height, 80), 2_000)}px`
  }
  bridge.onsandboxready = () => {
    bridge.sendSandboxResourceReady({ html: decode(content), csp, permissions })
  }
  bridge.oninitialized = async () => {
    log('the UI is initialized')
    await bridge.sendToolInput({ arguments: args })
    try {
      await bridge.sendToolResult(await calling)
      log('the UI received the result')
    } catch (error) {
      log(`the call failed: ${error.message}`)
      await bridge.sendToolCancelled({ reason: error.message })
    }
  }
  await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow))
}

async function start() {
  const settings = await (await fetch('/settings.json')).json()
  const client = await connect()
  const { tools } = await client.listTools()
  find('tool').replaceChildren(...tools.map(({ name, title }) => new Option(title ?? name, name)))
  const named = tools.find(({ name }) => name === settings.tool)
  if (settings.tool !== undefined && named === undefined) log(`unknown tool: ${settings.tool}`)
  const first = named ?? tools.find((tool) => getToolUiResourceUri(tool) !== undefined)
  find('args').value = JSON.stringify(settings.args)
  const callTool = async (name) => {
    const tool = tools.find((one) => one.name === name)
    await show(client, tools, settings.sandbox, tool, JSON.parse(find('args').value))
  }
  const report = (error) => log(`failed: ${error.message}`)
  find('call').addEventListener('submit', (event) => {
    event.preventDefault()
    callTool(find('tool').value).catch(report)
  })
  if (first === undefined) return log('No tool has a UI. Choose a tool and call it.')
  find('tool').value = first.name
  await callTool(first.name)
}

start().catch((error) => log(`failed: ${error.message}`))

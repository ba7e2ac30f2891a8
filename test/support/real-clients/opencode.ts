import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../http/free-port.ts'
import { type ProcessOptions, runToEnd, startGroup } from './client-process.ts'
import { startFakeModel } from './fake-model.ts'
import { inPackage } from './packages.ts'
import type { RealClient } from './real-client.ts'

const QUIET = {
  OPENCODE_DISABLE_AUTOUPDATE: '1',
  OPENCODE_DISABLE_MODELS_FETCH: '1',
  OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
  OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
}
const START_LIMIT_MS = 120_000
const PROBE_LIMIT_MS = 5_000
const RETRY_MS = 100

/** opencode, which signs in by command and calls tools in its server. A fake model requests the call. */
export const OPENCODE: RealClient = {
  name: 'opencode-ai',
  manners: {
    windowsAtExpiry: 0,
    windowsAtPublicTool: 0,
    refusalBesidePublicTool: 'Unauthorized',
    stepUp: { shows: 'Server returned 403 after trying upscoping', windows: 1 },
  },
  start: async ({ url, machine: { home, env } }) => {
    const model = await startFakeModel()
    const folder = join(home, '.config/opencode')
    const project = join(home, 'project')
    await mkdir(folder, { recursive: true })
    await mkdir(project)
    const callback = `http://127.0.0.1:${await freePort()}/mcp/oauth/callback`
    const settings = configuration(url, callback, model.url)
    await writeFile(join(folder, 'opencode.json'), JSON.stringify(settings))
    const options = { cwd: project, env: { ...env, ...QUIET } }
    const program = inPackage('opencode-ai', 'bin/opencode.exe')
    const signIn = async () => {
      const { code, stdout, stderr } = await runToEnd(program, ['mcp', 'auth', 'local'], options)
      if (code !== 0) throw new Error(`opencode did not sign in:\n${stdout}\n${stderr}`)
    }
    await signIn()
    let server = await startServer(program, options)
    return {
      signIn: async () => {
        await server[Symbol.asyncDispose]()
        // Otherwise opencode asks whether to replace the stored credentials.
        await runToEnd(program, ['mcp', 'logout', 'local'], options)
        await signIn()
        server = await startServer(program, options)
      },
      call: async (tool, args = {}) => {
        model.wanted = { tool, args }
        return server.prompt('Call the tool.')
      },
      [Symbol.asyncDispose]: async () => {
        await server[Symbol.asyncDispose]()
        await model[Symbol.asyncDispose]()
      },
    }
  },
}

/** Starts the server of opencode. `prompt` runs a session and returns all its messages as JSON. */
async function startServer(program: string, options: ProcessOptions) {
  const port = await freePort()
  const running = startGroup(program, ['serve', '--port', String(port)], options)
  const send = async (path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
      headers: { 'content-type': 'application/json' },
    })
    return response.json()
  }
  const isUp = () =>
    fetch(`http://127.0.0.1:${port}/config`, { signal: AbortSignal.timeout(PROBE_LIMIT_MS) }).then(
      () => true,
      () => false,
    )
  for (const deadline = Date.now() + START_LIMIT_MS; !(await isUp()); await sleep(RETRY_MS)) {
    if (Date.now() > deadline) throw new Error('opencode serve did not start')
  }
  return {
    prompt: async (text: string): Promise<string> => {
      const { id } = (await send('/session', {})) as { readonly id: string }
      await send(`/session/${id}/message`, { parts: [{ type: 'text', text }] })
      return JSON.stringify(await send(`/session/${id}/message`))
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  }
}

function configuration(url: string, redirectUri: string, model: string) {
  return {
    autoupdate: false,
    share: 'disabled',
    model: 'fake/fake',
    small_model: 'fake/fake',
    enabled_providers: ['fake'],
    provider: {
      fake: {
        npm: '@ai-sdk/openai-compatible',
        name: 'Fake',
        options: { baseURL: model, apiKey: 'none' },
        models: { fake: { name: 'Fake' } },
      },
    },
    permission: 'allow',
    mcp: { local: { type: 'remote', url, oauth: { redirectUri } } },
  }
}

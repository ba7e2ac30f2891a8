import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runToEnd } from './client-process.ts'
import { startFakeModel } from './fake-model.ts'
import { inPackage } from './packages.ts'
import type { RealClient } from './real-client.ts'

// Otherwise a tool without annotations requires an approval by the user.
const UNATTENDED = ['--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox']

/** Codex with one process per call. A fake model requests the call. */
export const CODEX: RealClient = {
  name: '@openai/codex',
  manners: {
    windowsAtExpiry: 0,
    stepUp: { shows: 'Insufficient scope', windows: 1 },
    windowsAtPublicTool: 1,
  },
  start: async ({ url, machine: { home, env } }) => {
    const model = await startFakeModel()
    const folder = join(home, '.codex')
    await mkdir(folder)
    await writeFile(join(folder, 'config.toml'), configuration(url, model.url))
    const codex = (...args: readonly string[]) =>
      runToEnd(process.execPath, [inPackage('@openai/codex', 'bin/codex.js'), ...args], {
        cwd: home,
        env: { ...env, CODEX_HOME: folder },
      })
    const signIn = async () => {
      const { code, stdout, stderr } = await codex('mcp', 'login', 'local')
      if (code !== 0) throw new Error(`Codex did not sign in:\n${stdout}\n${stderr}`)
    }
    await signIn()
    return {
      signIn,
      call: async (tool, args = {}) => {
        model.wanted = { tool, args }
        const { stdout } = await codex('exec', ...UNATTENDED, '--json', 'Call the tool.')
        return stdout
      },
      [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
    }
  },
}

function configuration(url: string, model: string): string {
  return `model = "fake"
model_provider = "fake"
mcp_oauth_credentials_store = "file"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.fake]
name = "fake"
base_url = "${model}"
wire_api = "responses"
[mcp_servers.local]
url = "${url}"
startup_timeout_sec = 60
`
}

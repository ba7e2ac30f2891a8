import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManagementClient } from 'auth0'
import type { Person } from '../../../deploy/connect/sign-in/form-sign-in.ts'
import type { System } from '../../../deploy/local/system.ts'
import { until } from '../auth0/tenant-admin.ts'
import { startOnFreePorts } from '../system.ts'
import { type ScriptedBrowser, startBrowser } from './browser.ts'
import { pathWith } from './packages.ts'

/** The local system for the tests of real clients. */
export interface Stack extends AsyncDisposable {
  /** The MCP endpoint. */
  readonly url: string
  readonly system: System
  /** Creates a machine for a user, with an empty home directory and a browser (see `startBrowser`). */
  readonly machine: (person: Person, withheld?: readonly string[]) => Promise<Machine>
  /** Sets the lifetime of new access tokens in seconds. */
  readonly setTokenLifetime: (seconds: number) => Promise<void>
  /** The number of refresh token requests so far. */
  readonly refreshes: () => Promise<number>
  /** Sends SIGKILL to the gateway. Resolves when another instance runs. */
  readonly killGateway: () => Promise<void>
}

export interface Machine {
  readonly home: string
  readonly browser: ScriptedBrowser
  readonly env: Readonly<Record<string, string>>
}

/** Starts the local system. `env` is passed to `startSystem`. */
export async function startStack(env: Readonly<Record<string, string>> = {}): Promise<Stack> {
  const system = await startOnFreePorts(env)
  const directory = await mkdtemp(join(tmpdir(), 'client-'))
  const browsers: ScriptedBrowser[] = []
  const management = new ManagementClient({
    domain: new URL(system.issuer).host,
    clientId: system.variables['MGMT_CLIENT_ID'] ?? '',
    clientSecret: system.variables['MGMT_CLIENT_SECRET'] ?? '',
    telemetry: false,
    fetch: (input, init) => fetch(String(input).replace('https:', 'http:'), init ?? {}),
  })
  const audience = system.variables['OAUTH_AUDIENCE'] ?? ''
  return {
    url: `${system.url}/mcp`,
    system,
    machine: async (person, withheld) => {
      const home = await mkdtemp(join(directory, 'home-'))
      const browser = await startBrowser(home, person, withheld)
      browsers.push(browser)
      const env = {
        PATH: pathWith(browser.bin),
        HOME: home,
        TMPDIR: tmpdir(),
        BROWSER: browser.command,
        LANG: 'C.UTF-8',
        NO_COLOR: '1',
        NO_UPDATE_NOTIFIER: '1',
        DO_NOT_TRACK: '1',
      }
      return { home, browser, env }
    },
    setTokenLifetime: async (token_lifetime) => {
      await management.resourceServers.update(audience, { token_lifetime })
    },
    refreshes: async () => {
      const { data } = await management.logs.list({ search: 'type:sertft', per_page: 100 })
      return data.length
    },
    killGateway: async () => {
      const { gateway } = system.functions
      const pid = gateway.pid()
      process.kill(pid ?? 0, 'SIGKILL')
      await until(async () => gateway.pid() !== pid, 'another instance of the gateway')
      await gateway.port(AbortSignal.timeout(120_000))
    },
    [Symbol.asyncDispose]: async () => {
      for (const browser of browsers) await browser[Symbol.asyncDispose]()
      await system.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

import type { ProvisionIo } from '../../../deploy/auth0/run-provision.ts'
import { provisionCommand } from '../../../deploy/commands/provision.ts'
import { runCommand } from '../../../deploy/kit/run-command.ts'
import { MANAGEMENT } from './recorded-emulator.ts'

export const MGMT_CLIENT_ID = MANAGEMENT.clientId
export const MGMT_CLIENT_SECRET = MANAGEMENT.clientSecret
export const LOG_WEBHOOK_SECRET = 'a-log-stream-secret-for-tests-0123456789'
/** Derived from PUBLIC_URL and the catalogue of these runs. */
export const AUDIENCE = 'https://mcp.example.com/mcp'
export const ENDPOINT = 'https://mcp.example.com/auth0-log-webhook'
export const SCOPES = ['events:read', 'events:write']
/** The client ID metadata document of ChatGPT. */
export const CIMD_URL = 'https://chatgpt.com/oauth/client.json'
/** The variable that opens the API to every third-party client. */
export const OPEN = { THIRD_PARTY_ACCESS: 'open' }

/** The output and exit code of `npm run provision`. */
export interface ProvisionRun {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface ProvisionOptions {
  /** MGMT_DOMAIN */
  readonly domain: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly calls?: ProvisionIo['calls']
}

const TOOLS = {
  listEvents: ['events:read'],
  addEvent: ['events:write'],
  summarizeEvents: ['events:read', 'events:write'],
}

/** The environment of a run. */
export function variables({ domain, env }: Pick<ProvisionOptions, 'domain' | 'env'>) {
  return {
    PUBLIC_URL: 'https://mcp.example.com',
    TOOL_SCOPES_JSON: JSON.stringify(TOOLS),
    MGMT_DOMAIN: domain,
    MGMT_CLIENT_ID,
    MGMT_CLIENT_SECRET,
    LOG_WEBHOOK_SECRET,
    GOOGLE_CONNECTION_NAME: 'google-oauth2',
    ...env,
  }
}

/** One run of `npm run provision` against a tenant. */
export async function provision({
  domain,
  args = [],
  env = {},
  calls = {},
}: ProvisionOptions): Promise<ProvisionRun> {
  let stdout = ''
  let stderr = ''
  const exitCode = await runCommand<ProvisionIo>(provisionCommand, {
    args,
    env: variables({ domain, env }),
    write: (text) => {
      stdout += text
    },
    writeError: (text) => {
      stderr += text
    },
    calls,
  })
  return { exitCode, stdout, stderr }
}

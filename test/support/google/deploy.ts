import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { stringify } from 'yaml'
import { ROOT } from '../../../deploy/build/functions.ts'
import { deployCommand } from '../../../deploy/commands/deploy.ts'
import { destroyCommand } from '../../../deploy/commands/destroy.ts'
import type { GcpIo } from '../../../deploy/commands/gcp-io.ts'
import type { Run } from '../../../deploy/gcp/command.ts'
import type { Dependencies } from '../../../deploy/gcp/prepare.ts'
import { runCommand as runInProcess } from '../../../deploy/kit/run-command.ts'
import manifest from '../../../package.json' with { type: 'json' }
import { withoutProgress } from '../command-line.ts'

/** Values that no command line and no output may contain. */
export const SECRETS = {
  GATEWAY_HMAC_SECRET: 'hmac-value-0123456789-0123456789-0123456789',
  MGMT_CLIENT_SECRET: 'mgmt-value-0123456789-0123456789-0123456789',
  LOG_WEBHOOK_SECRET: 'hook-value-0123456789-0123456789-0123456789',
} as const

/** The variables of a complete .env.yaml. */
export const VARIABLES: Readonly<Record<string, string>> = {
  GCP_PROJECT: 'acme-prod',
  PUBLIC_URL: 'https://mcp.acme.example',
  OAUTH_ISSUER: 'https://acme.eu.auth0.com/',
  TOOL_SCOPES_JSON: '{"listEvents":["events:read"]}',
  FUNCTIONS_BASE: 'https://us-central1-acme-prod.cloudfunctions.net',
  MGMT_DOMAIN: 'acme.eu.auth0.com',
  MGMT_CLIENT_ID: 'management-client',
  GOOGLE_CONNECTION_NAME: 'google-oauth2',
  ...SECRETS,
}

export function writeEnvFile(
  directory: string,
  variables: Readonly<Record<string, unknown>> = VARIABLES,
): string {
  const path = `${directory}/env.yaml`
  writeFileSync(path, stringify(variables, { defaultStringType: 'QUOTE_DOUBLE' }))
  return path
}

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command in this process, with `run` in place of all other programs. */
export async function runHere(
  command: 'deploy' | 'destroy',
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  run: Run,
  build?: Dependencies['build'],
): Promise<CommandResult> {
  let [stdout, stderr] = ['', '']
  const code = await runInProcess<GcpIo>(command === 'deploy' ? deployCommand : destroyCommand, {
    args,
    env,
    run,
    write: (text) => {
      stdout += text
    },
    writeError: (text) => {
      stderr += text
    },
    ...(build && { build }),
  })
  return { code, stdout, stderr }
}

/** Runs the script of package.json as npm does, with only these environment variables. */
export async function runCommand(
  command: 'deploy' | 'destroy',
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  const [, ...script] = manifest.scripts[command].split(' ')
  const child = spawn(process.execPath, [...script, ...args], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code, stdout, stderr: withoutProgress(stderr) }
}

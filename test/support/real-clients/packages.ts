import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../../../deploy/build/functions.ts'

/** The tested clients with the version that was verified to work. */
export const CLIENTS = {
  'mcp-remote': '0.15.1',
  '@modelcontextprotocol/inspector': '2.12.0',
  mcporter: '0.12.3',
  '@ai-sdk/mcp': '2.0.99',
  '@openai/codex': '0.171.0',
  'opencode-ai': '1.18.33',
} as const

export type ClientName = keyof typeof CLIENTS

const CACHE = join(ROOT, 'node_modules/.cache/clients')
const INSTALL_LIMIT_MS = 240_000
const run = promisify(execFile)

/** The installation folder of the client. Does not check that it exists. */
function folderOf(name: ClientName): string {
  return join(CACHE, `${name.replace('/', '+')}@${CLIENTS[name]}`)
}

/** The absolute path of a file or folder in the package of the client. */
export function inPackage(name: ClientName, path: string): string {
  return join(folderOf(name), 'node_modules', name, path)
}

/**
 * Returns undefined if the client is installed below `node_modules/.cache`, or the reason why it is not.
 * With `CI` set, npm installs a missing client. Its version is exact, and npm chooses its dependencies.
 */
export async function whyNotInstalled(name: ClientName): Promise<string | undefined> {
  const folder = folderOf(name)
  if (existsSync(folder)) return undefined
  const spec = `${name}@${CLIENTS[name]}`
  if (!process.env['CI']) return `${spec} is not installed: CI=1 npm test installs it`
  // A temporary name until the installation is complete, because another run may install the same client.
  const unfinished = `${folder}.${process.pid}`
  await mkdir(unfinished, { recursive: true })
  try {
    await run(
      'npm',
      ['install', '--prefix', unfinished, '--no-audit', '--no-fund', '--prefer-offline', spec],
      { cwd: unfinished, timeout: INSTALL_LIMIT_MS },
    )
    await rename(unfinished, folder)
    return undefined
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    if (existsSync(folder)) return undefined
    const { stderr = '' } = error as { readonly stderr?: string }
    return `${spec} could not be installed: ${stderr.trim().split('\n').at(0) ?? error}`
  }
}

/** A `PATH` that starts with `folder` and the directory of this Node.js. */
export function pathWith(folder: string): string {
  return [folder, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter)
}

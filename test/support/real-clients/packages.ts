import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../../../deploy/build/functions.ts'

/** The clients that the tests drive, each at the version that was seen to work. */
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

/** The folder of the client's installation, whether it is there or not. */
function folderOf(name: ClientName): string {
  return join(CACHE, `${name.replace('/', '+')}@${CLIENTS[name]}`)
}

/** Absolute path of a file or folder in the client's package. */
export function inPackage(name: ClientName, path: string): string {
  return join(folderOf(name), 'node_modules', name, path)
}

/**
 * Undefined when the client is installed below `node_modules/.cache`; otherwise why not. With `CI` set
 * npm installs it if it is missing. Its own version is exact, those of its dependencies are npm's choice.
 */
export async function whyNotInstalled(name: ClientName): Promise<string | undefined> {
  const folder = folderOf(name)
  if (existsSync(folder)) return undefined
  const spec = `${name}@${CLIENTS[name]}`
  if (!process.env['CI']) return `${spec} is not installed: CI=1 npm test installs it`
  // A name of its own until it is complete: another run may be installing the same client.
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

/** `PATH` with this Node first, and a folder before it. */
export function pathWith(folder: string): string {
  return [folder, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter)
}

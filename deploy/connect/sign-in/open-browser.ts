import { spawn } from 'node:child_process'

const COMMANDS: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}
const DEFAULT_COMMAND = ['xdg-open']

/** Opens a page in the user's browser, if there is one. */
export function openBrowser(url: string): void {
  const [command = '', ...args] = COMMANDS[process.platform] ?? DEFAULT_COMMAND
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true })
  child.on('error', () => undefined)
  child.unref()
}

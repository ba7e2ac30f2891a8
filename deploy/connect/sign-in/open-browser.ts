import { spawn } from 'node:child_process'

const COMMANDS: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}
const ELSEWHERE = ['xdg-open']

/** Opens a page in the person's browser; where there is none, nothing happens. */
export function openBrowser(url: string): void {
  const [command = '', ...args] = COMMANDS[process.platform] ?? ELSEWHERE
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true })
  child.on('error', () => undefined)
  child.unref()
}

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, launch } from 'puppeteer-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** Where Chromium is: at CHROMIUM_PATH, or on the PATH; undefined when it is not installed. */
export function findChromium(env: NodeJS.ProcessEnv): string | undefined {
  const directories = (env['PATH'] ?? '').split(delimiter)
  const onPath = directories.flatMap((directory) => NAMES.map((name) => join(directory, name)))
  return [env['CHROMIUM_PATH'] ?? '', ...onPath].find(isExecutable)
}

export function startBrowser(executablePath: string): Promise<Browser> {
  // Its sandbox needs privileges that a container does not give; only this machine's pages are opened.
  return launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return path !== ''
  } catch {
    return false
  }
}

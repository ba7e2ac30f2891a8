import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, launch } from 'puppeteer-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** The path of Chromium from CHROMIUM_PATH or PATH, or undefined if it is not installed. */
export function findChromium(env: NodeJS.ProcessEnv): string | undefined {
  const directories = (env['PATH'] ?? '').split(delimiter)
  const onPath = directories.flatMap((directory) => NAMES.map((name) => join(directory, name)))
  return [env['CHROMIUM_PATH'] ?? '', ...onPath].find(isExecutable)
}

export function startBrowser(executablePath: string): Promise<Browser> {
  // The sandbox requires privileges that a container lacks. The tests open only local pages.
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

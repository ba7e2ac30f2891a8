import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Person, StuckError, signIn } from '../../../deploy/connect/sign-in/form-sign-in.ts'
import { listen } from '../http/listen.ts'

/** A scripted browser that a client opens by command. The user signs in and consents. */
export interface ScriptedBrowser extends AsyncDisposable {
  /** The folder with the command, under the names that clients use for a browser. */
  readonly bin: string
  /** The absolute path of the command, for `BROWSER`. */
  readonly command: string
  /** The URLs that clients opened, one per sign-in window. */
  readonly windows: readonly URL[]
  /** Opens a URL without the command. */
  readonly open: (url: URL) => void
  /** Errors in the windows. */
  readonly faults: readonly unknown[]
}

const RELOAD_MS = 100
const ADMISSION_LIMIT_MS = 120_000
const NAMES = ['browser', 'xdg-open', 'open']

/**
 * Starts a browser and writes its command below `directory`. `withheld` are scopes that the user does not
 * grant in the first window. They are removed from the request, because the consent page of the tenant has
 * no choice of scopes. While a new client is not admitted yet, the browser reloads the page, for at most
 * 20 s.
 */
export async function startBrowser(
  directory: string,
  person: Person,
  withheld: readonly string[] = [],
): Promise<ScriptedBrowser> {
  const windows: URL[] = []
  const faults: unknown[] = []
  const closing = new AbortController()
  const open = (url: URL) => {
    const asked = windows.length === 0 ? without(url, withheld) : url
    windows.push(url)
    visit(asked, person, closing.signal).catch((error) => {
      if (!closing.signal.aborted) faults.push(error)
    })
  }
  const server = createServer(async (req, res) => {
    open(new URL(await text(req)))
    res.end()
  })
  const listening = await listen(server)
  const bin = join(directory, 'bin')
  await mkdir(bin, { recursive: true })
  const script = `fetch("${listening.url}", { method: "POST", body: process.argv[1] })`
  for (const name of NAMES) {
    const file = join(bin, name)
    await writeFile(file, `#!/bin/sh\nexec "${process.execPath}" -e '${script}' "$1"\n`)
    await chmod(file, 0o755)
  }
  return {
    bin,
    command: join(bin, 'browser'),
    windows,
    open,
    faults,
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      await listening[Symbol.asyncDispose]()
    },
  }
}

async function visit(url: URL, person: Person, signal: AbortSignal): Promise<void> {
  const callback = url.searchParams.get('redirect_uri') ?? ''
  const send: typeof fetch = (input, init) => fetch(input, { ...init, signal })
  for (const deadline = Date.now() + ADMISSION_LIMIT_MS; ; ) {
    try {
      const returned = await signIn(url, callback, person, send)
      return await deliver(returned, send, deadline)
    } catch (error) {
      const isAdmitted = !(error instanceof StuckError) || error.status !== 403
      if (isAdmitted || Date.now() > deadline) throw error
      await sleep(RELOAD_MS, undefined, { signal })
    }
  }
}

/** Retries, because some clients open the window before they listen at their callback. */
async function deliver(returned: URL, send: typeof fetch, deadline: number): Promise<void> {
  for (;;) {
    try {
      await (await send(returned)).text()
      return
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as { readonly code?: string }
      if (code !== 'ECONNREFUSED' || Date.now() > deadline) throw error
      await sleep(RELOAD_MS)
    }
  }
}

function without(url: URL, withheld: readonly string[]): URL {
  const asked = new URL(url)
  const scopes = (url.searchParams.get('scope') ?? '').split(' ')
  asked.searchParams.set('scope', scopes.filter((scope) => !withheld.includes(scope)).join(' '))
  return asked
}

/** `npm run preview`: serves until Ctrl-C; 1 = it cannot, 2 = wrong usage. */
import { text } from 'node:stream/consumers'
import { StepError } from '../connect/causes/step-error.ts'
import { openBrowser } from '../connect/sign-in/open-browser.ts'
import { type Options, parseOptions, USAGE, UsageError } from './options.ts'
import { startPreview } from './server.ts'
import { signInLocally } from './sign-in.ts'

function readOptions(): Options {
  try {
    const options = parseOptions(process.argv.slice(2), process.env)
    if (options !== undefined) return options
    process.stdout.write(`${USAGE}\n`)
    process.exit(0)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(2)
  }
}

const { token, person, opensBrowser, ...options } = readOptions()
try {
  const given = token === '-' ? (await text(process.stdin)).trim() : token
  const used = given ?? (await signInLocally(options.url, person))
  const { url } = await startPreview({ ...options, token: used })
  process.stdout.write(`Preview  ${url}\nEnd: Ctrl-C\n`)
  if (opensBrowser) openBrowser(url)
} catch (error) {
  if (!(error instanceof StepError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}

/** `npm run connect`: 0 = all steps succeeded, 1 = a step failed, 2 = wrong usage. */
import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import { printableJson } from '../../shared/printable.ts'
import { connect } from './connect.ts'
import { type Options, parseOptions, USAGE, UsageError } from './options.ts'
import { printStep, printWaiting } from './print-step.ts'
import { openBrowser } from './sign-in/open-browser.ts'

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

const { isJson, ...options } = readOptions()
const connection = await connect({
  ...options,
  onStep: (step) => {
    if (!isJson) process.stdout.write(printStep(step))
  },
  // Standard output holds the result.
  onWait: (line) => void process.stderr.write(printWaiting(line)),
  openBrowser: (url) => {
    process.stderr.write(`Sign in here: ${url}\n`)
    openBrowser(url)
  },
  askForAddress: async () => {
    using lines = createInterface({ input: process.stdin, output: process.stderr })
    const asked = lines.question('Sign in, then paste the address of the page that you end on: ')
    // A closed standard input answers no question.
    return await Promise.race([asked, once(lines, 'close').then(() => '')])
  },
})
if (isJson) process.stdout.write(`${printableJson(JSON.stringify(connection, null, 2))}\n`)
process.exitCode = connection.ok ? 0 : 1

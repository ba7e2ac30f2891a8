/** The command line: `node deploy/cli.ts COMMAND [options]`, or `npm run COMMAND -- [options]`. */
import './node-version.js'
import manifest from '../package.json' with { type: 'json' }
import { missingEnvFile, operatorEnvironment } from './env-file.ts'
import { UsageError } from './kit/errors.ts'
import { createProgress } from './kit/progress.ts'
import { runCommand } from './kit/run-command.ts'
import { hasColor } from './kit/style.ts'

// Large enough for a token.
const MAX_INPUT_CHARACTERS = 65_536

async function readInput(): Promise<string> {
  let input = ''
  for await (const chunk of process.stdin) {
    input += chunk
    if (input.length > MAX_INPUT_CHARACTERS) break
  }
  return input
}

// Loaded after the version of Node.js is checked, because an older one cannot parse every command.
const { findCommand, overview } = await import('./commands/registry.ts')

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(overview())
    return 0
  }
  if (name === '--version') {
    process.stdout.write(`${manifest.version}\n`)
    return 0
  }
  try {
    const command = findCommand(name)
    const progress = createProgress({
      write: (text) => process.stderr.write(text),
      isTerminal: process.stderr.isTTY,
    })
    try {
      return await runCommand(command, {
        args,
        env: process.env,
        write: (text) => {
          progress.yield()
          process.stdout.write(text)
        },
        writeError: (text) => {
          progress.yield()
          process.stderr.write(text)
        },
        hasColor: hasColor(process.stdout, process.env),
        readInput,
        doing: progress.doing,
        withEnvFile: operatorEnvironment,
        missingEnvFile,
      })
    } finally {
      progress.stop()
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\n\n${overview()}`)
    return 2
  }
}

const exitCode = await main(process.argv.slice(2))
// Timers of the auth0 package would delay the exit. The callbacks run after earlier output has been
// written to the pipe.
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)))

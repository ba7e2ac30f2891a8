import { runDoctor } from './run-doctor.ts'

const MAX_INPUT_CHARACTERS = 65_536

const exitCode = await runDoctor({
  args: process.argv.slice(2),
  env: process.env,
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
  readInput: async () => {
    let input = ''
    for await (const chunk of process.stdin) {
      input += chunk
      if (input.length > MAX_INPUT_CHARACTERS) break
    }
    return input
  },
})
// The auth0 package leaves timers behind that would keep the process waiting; what was written to a
// pipe is out once this has been written too.
process.stdout.write('', () => process.exit(exitCode))

import { runProvision } from './run-provision.ts'

const exitCode = await runProvision({
  args: process.argv.slice(2),
  env: process.env,
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
})
// The auth0 package leaves timers behind that would keep the process waiting; what was written to a
// pipe is out once this has been written too.
process.stdout.write('', () => process.exit(exitCode))

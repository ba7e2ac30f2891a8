import { ROOT } from './functions.ts'
import { runBuild } from './run-build.ts'

process.exitCode = await runBuild(process.argv.slice(2), {
  env: process.env,
  dist: `${ROOT}dist`,
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
})

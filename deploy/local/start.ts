import { ConfigError } from '../../shared/config.ts'
import { onNpmGone } from './npm-parents.ts'
import { StartError } from './start-error.ts'
import { type LogLine, type System, startSystem } from './system.ts'

const LOUD: ReadonlySet<unknown> = new Set(['WARNING', 'ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY'])
const DEFAULT_CONNECTOR = 'http://localhost:8080/mcp'
const showAll = process.env['LOG_LEVEL'] === 'debug'

let system: System | undefined
// Written during the start: shown after it, or told by the reason why it failed.
const early: LogLine[] = []
let ending = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end)
onNpmGone(() => void (ending || end()))

try {
  system = await startSystem(process.env, {
    report: (line) => (system === undefined ? early.push(line) : show(line)),
  })
  for (const line of early) show(line)
  process.stdout.write(greeting(system))
} catch (error) {
  process.stderr.write(`${explain(error)}\n`)
  process.exit(1)
}

/** The second signal, or one before all has started, ends at once: no child outlives this process. */
async function end(): Promise<void> {
  if (ending || system === undefined) process.exit(130)
  ending = true
  await system.stop()
  process.exit(0)
}

function greeting({ issuer, users, variables }: System): string {
  const connector = `${variables['PUBLIC_URL']}/mcp`
  const argument = connector === DEFAULT_CONNECTOR ? '' : ` -- ${connector}`
  return `
Connector  ${connector}
Tenant     ${issuer}  (state and switches: ${issuer}__tenant)
Sign-in    ${users.map(signIn).join('\n           ')}

Connect as ChatGPT would: npm run connect${argument}
End: Ctrl-C

ready
`
}

function signIn({ email, password, permissions }: System['users'][number]): string {
  return `${email}, ${password}  (${permissions.join(' ') || 'no permission'})`
}

/** Warnings and errors, and what is no log entry, such as the stack of a crash. */
function show({ source, line }: LogLine): void {
  if (showAll || LOUD.has(severity(line))) process.stdout.write(`${source}: ${line}\n`)
}

function severity(line: string): unknown {
  try {
    const entry: unknown = JSON.parse(line)
    return entry !== null && typeof entry === 'object' && 'severity' in entry
      ? entry.severity
      : 'INFO'
  } catch {
    return line === '' ? 'INFO' : 'ERROR'
  }
}

function explain(error: unknown): string {
  if (error instanceof StartError || error instanceof ConfigError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

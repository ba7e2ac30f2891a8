import type { Environment } from '../../shared/config.ts'
import { onNpmGone } from '../kit/npm-parents.ts'
import { type LogLine, type System, startSystem } from './system.ts'

const LOUD: ReadonlySet<unknown> = new Set(['WARNING', 'ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY'])
const DEFAULT_CONNECTOR = 'http://localhost:8080/mcp'

/** What a start of the local system gets from the process that it runs in. */
export interface StartIo {
  readonly env: Environment
  readonly write: (text: string) => void
  /** Called with the system once all of it answers. */
  readonly onReady: (system: System) => void
}

/**
 * Starts the local system, shows what it logs, and ends it on a signal; resolves when it has ended.
 *
 * @throws StartError or ConfigError when it cannot start.
 */
export async function start({ env, write, onReady }: StartIo): Promise<void> {
  const showAll = env['LOG_LEVEL'] === 'debug'
  /** Warnings and errors, and what is no log entry, such as the stack of a crash. */
  const show = ({ source, line }: LogLine) => {
    if (showAll || LOUD.has(severity(line))) write(`${source}: ${line}\n`)
  }
  let system: System | undefined
  // Written during the start: shown after it, or told by the reason why it failed.
  const early: LogLine[] = []
  let ending = false
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  /** The second signal, or one before all has started, ends at once: no child outlives this process. */
  const end = async () => {
    if (ending || system === undefined) process.exit(130)
    ending = true
    await system.stop()
    resolve()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end)
  onNpmGone(() => void (ending || end()))
  system = await startSystem(env, {
    report: (line) => (system === undefined ? early.push(line) : show(line)),
  })
  for (const line of early) show(line)
  onReady(system)
  await ended
}

/** Where to connect and who can sign in, as people read it. */
export function greeting({ issuer, users, variables }: System): string {
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

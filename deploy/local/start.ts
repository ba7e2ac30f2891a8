import type { Environment } from '../../shared/config.ts'
import { STOP_HINT, signIn } from '../kit/greeting.ts'
import { onNpmGone } from '../kit/npm-parents.ts'
import { describeCatalogueWarnings } from './catalogue-warnings.ts'
import { issuerWarning, publicUrlWarning } from './public-url-warning.ts'
import { isFrame } from './start-failure.ts'
import { type LogLine, type System, startSystem } from './system.ts'

const PRINTED_SEVERITIES: ReadonlySet<unknown> = new Set([
  'WARNING',
  'ERROR',
  'CRITICAL',
  'ALERT',
  'EMERGENCY',
])
/** The messages of the gateway about the catalogue, which `npm start` prints as text. */
const CATALOGUE_MESSAGES = ['catalogue_members_ignored', 'gpt_actions_limits_exceeded']
const DEFAULT_CONNECTOR = 'http://localhost:8080/mcp'

/** The inputs and outputs of the local system. */
export interface StartIo {
  readonly env: Environment
  readonly write: (text: string) => void
  /** Called with the system when all parts respond. */
  readonly onReady: (system: System) => void
}

/**
 * Starts the local system, prints its log and stops it on a signal. Resolves when it has stopped.
 *
 * @throws StartError or ConfigError if it cannot start.
 */
export async function start({ env, write, onReady }: StartIo): Promise<void> {
  const showAll = env['LOG_LEVEL'] === 'debug'
  /** Prints warnings, errors and lines that are not log entries, without the frames of stack traces. */
  const show = ({ source, line }: LogLine) => {
    if (!showAll && (isFrame(line) || isAboutCatalogue(line))) return
    if (showAll || PRINTED_SEVERITIES.has(severity(line))) write(`${source}: ${line}\n`)
  }
  let system: System | undefined
  // Output during startup is printed afterwards. If startup fails, the error contains it.
  const early: LogLine[] = []
  let ending = false
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  /**
   * Stops the system. A second signal, or one during startup, exits at once; the children end with this
   * process.
   */
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
  for (const warning of Object.values(warningsOfUrls(system))) write(`${warning}\n`)
  write(describeCatalogueWarnings(system.warnings))
  onReady(system)
  await ended
}

type Greeted = Pick<System, 'url' | 'issuer' | 'users' | 'variables' | 'warnings'>

/** Returns the connector URL, the issuer and the users of the Auth0 emulator as text. */
export function greeting(system: Greeted): string {
  const { users, variables } = system
  const connector = `${variables['PUBLIC_URL']}/mcp`
  const argument = connector === DEFAULT_CONNECTOR ? '' : ` -- ${connector}`
  const issuer = issuerOf(system)
  const tenant = usesEmulator(system)
    ? `Auth0 emulator  ${issuer}  (state and control: ${issuer}__tenant)
Sign-in         ${users.map(signIn).join('\n                ')}`
    : `Issuer          ${issuer}`
  return `
Connector       ${connector}
${tenant}

Connect like ChatGPT: npm run connect${argument}
${STOP_HINT}

ready
`
}

/** Returns the document that `npm start -- --json` prints. */
export function startDocument(system: Greeted) {
  const { url, users, variables } = system
  const warnings = { ...system.warnings, ...warningsOfUrls(system) }
  return {
    connector: `${variables['PUBLIC_URL']}/mcp`,
    url,
    issuer: issuerOf(system),
    users: usesEmulator(system) ? users : [],
    warnings,
  }
}

/** Returns the warnings about PUBLIC_URL and the issuer, by their names in the JSON document. */
function warningsOfUrls(system: Greeted): {
  readonly publicUrl?: string
  readonly issuer?: string
} {
  const { url, variables } = system
  const publicUrl = publicUrlWarning(variables['PUBLIC_URL'] ?? url, url)
  const issuer = issuerWarning(variables['PUBLIC_URL'] ?? url, issuerOf(system))
  return { ...(publicUrl !== undefined && { publicUrl }), ...(issuer !== undefined && { issuer }) }
}

function issuerOf({ issuer, variables }: Greeted): string {
  return variables['OAUTH_ISSUER'] ?? issuer
}

/** Returns whether the functions use the Auth0 emulator and no tenant of Auth0. */
function usesEmulator(system: Greeted): boolean {
  const { issuer, variables } = system
  return (
    issuerOf(system).replace(/\/?$/, '/') === issuer &&
    variables['MGMT_DOMAIN'] === new URL(issuer).host
  )
}

function isAboutCatalogue(line: string): boolean {
  return CATALOGUE_MESSAGES.some((message) => line.includes(`"message":"${message}"`))
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

import { fileURLToPath } from 'node:url'
import { type Environment, splitList } from '../../shared/config.ts'
import { parseDocument } from '../../shared/tools.ts'
import { startEmulator } from '../emulator/emulator.ts'
import type { FunctionName } from '../function-configs.ts'
import { errorCode, listenOnLoopback } from '../kit/listen.ts'
import { createApiTokenVerifier } from './backends/api-token.ts'
import { CALENDAR_AUDIENCE } from './backends/calendar-api.ts'
import { createTools } from './backends/tools.ts'
import { writeCatalogueFile } from './catalogue-file.ts'
import { type CatalogueWarnings, catalogueWarnings } from './catalogue-warnings.ts'
import { checkConfiguration } from './check-configuration.ts'
import { catalogueSource, localEnvironment, withSecrets } from './environment.ts'
import { type FunctionProcess, startFunction } from './function-process.ts'
import { startOrigin } from './origin.ts'
import { provisionTenant } from './provision-tenant.ts'
import type { Service } from './proxy.ts'
import { type SampleUser, sampleTenant } from './sample-tenant.ts'
import { allStarted, createStages, type Stages } from './stages.ts'
import { StartError } from './start-error.ts'

export type Tenant = Awaited<ReturnType<typeof startEmulator>>

/** One line of output of a part of the system. */
export interface LogLine {
  readonly source: FunctionName | 'emulator'
  readonly line: string
}

type Functions = Readonly<Record<Exclude<FunctionName, 'registration'>, FunctionProcess>> & {
  /** Runs only with curated metadata, because no client uses it otherwise. */
  readonly registration?: FunctionProcess
}

/** The whole system on this machine. */
export interface System {
  /** The origin on this machine, without a trailing slash. */
  readonly url: string
  /** The Auth0 emulator's issuer. */
  readonly issuer: string
  /** The variables of the system; `PUBLIC_URL` is `url` unless it was set. */
  readonly variables: Readonly<Record<string, string>>
  readonly users: readonly SampleUser[]
  readonly warnings: CatalogueWarnings
  readonly functions: Functions
  readonly tenant: Tenant
  /** The latest lines, oldest first. */
  readonly logs: readonly LogLine[]
  /** Stops accepting requests, waits for those in flight and stops all processes. */
  readonly stop: () => Promise<void>
}

export interface SystemOptions {
  readonly report?: (line: LogLine) => void
  /** The directory of the built functions. Default: the sources. */
  readonly functions?: string
}

const MAX_LOG_LINES = 5_000
const HEALTH_TIMEOUT_MS = 60_000
const SOURCES = fileURLToPath(new URL('../../functions/', import.meta.url))
const PORT_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use: stop the process that uses it, or',
  EACCES: 'is reserved for the administrator:',
}
// Callers stop before the parts that they call.
const ORIGIN_STAGE = 0
const FUNCTION_STAGE = 1
const BACKEND_STAGE = 2

/**
 * Starts the Auth0 emulator, the sample tools, the functions and the origin, and resolves when all of them
 * respond. `env` overrides local defaults (see `localEnvironment`).
 *
 * @throws StartError or ConfigError, after stopping the started parts.
 */
export async function startSystem(
  env: Environment,
  { report = () => undefined, functions = SOURCES }: SystemOptions = {},
): Promise<System> {
  const logs: LogLine[] = []
  const stages = createStages()
  try {
    const running = await startParts(withSecrets(env), stages, functions, (line) => {
      if (logs.push(line) > MAX_LOG_LINES) logs.shift()
      report(line)
    })
    return { ...running, logs, stop: stages.end }
  } catch (error) {
    await stages.end()
    throw error
  }
}

async function startParts(
  env: Environment,
  stages: Stages,
  directory: string,
  report: (line: LogLine) => void,
): Promise<Omit<System, 'logs' | 'stop'>> {
  const { catalogue, ...ports } = checkConfiguration(env)
  const isCurated = env['AUTH_SERVER_METADATA']?.trim() === 'curated'
  const names: FunctionName[] = ['metadata', 'gateway', 'log-webhook']
  if (isCurated) names.push('registration')
  const services = new Map<string, Service | undefined>(names.map((name) => [name, undefined]))
  const starting = startOrigin({ port: ports.port, services, hosts: publicHosts(env) })
  const origin = await stages.add(ORIGIN_STAGE, atPort('PORT', starting), ({ close }) => close())
  const toolsListener = listenOnLoopback(0, (req, res) => serveTool(req, res))
  const tools = await stages.add(BACKEND_STAGE, toolsListener, ({ close }) => close())
  const url = `http://localhost:${origin.port}`
  const writing = Promise.resolve(writeCatalogueFile(catalogue))
  const file = await stages.add(BACKEND_STAGE, writing, ({ remove }) => remove())

  // If the tenant's port is 0, the other parts must wait for its actual port.
  const environmentAt = (tenantPort: number) =>
    localEnvironment(
      { ...env, ...file.source },
      { port: origin.port, tenantPort, toolsPort: tools.port },
    )
  const { variables: given } = environmentAt(ports.tenantPort)
  const document = parseDocument(given, (tool) => tool)
  const setup = sampleTenant(given, document.tools)
  const startingTenant = startEmulator({
    ...setup,
    port: ports.tenantPort,
    prepare: (issuer) => provisionTenant(given, url, issuer),
    report: (line) => report({ source: 'emulator', line }),
  })
  stages.add(BACKEND_STAGE, startingTenant, ({ close }) => close())
  const tenantReady = atPort('TENANT_PORT', startingTenant)
  const environment = environmentAt(ports.tenantPort || (await tenantReady).port)
  const { TOOLS_FILE: _, ...others } = environment.variables
  const variables = { ...others, ...catalogueSource(env) }
  const serveTool = createTools({
    base: `http://127.0.0.1:${tools.port}`,
    issuer: variables['PUBLIC_URL'] ?? '',
    secrets: splitList(variables['GATEWAY_HMAC_SECRET'] ?? ''),
    verifyToken: createApiTokenVerifier(variables['OAUTH_ISSUER'] ?? '', CALENDAR_AUDIENCE),
  })

  const run = async (name: FunctionName) => {
    // With curated metadata, the functions read the issuer's metadata at startup.
    if (isCurated) await tenantReady.catch(() => undefined)
    const source = directory === SOURCES ? `${SOURCES}${name}/index.ts` : `${directory}/${name}`
    const onLine = (line: string) => report({ source: name, line })
    const starting = startFunction({ name, source, env: environment.functions[name], onLine })
    const running = await stages.add(FUNCTION_STAGE, starting, ({ stop }) => stop())
    services.set(name, running)
    return running
  }
  const [metadata, gateway, logWebhook] = [run('metadata'), run('gateway'), run('log-webhook')]
  const registration = isCurated ? run('registration') : undefined
  await allStarted([tenantReady, metadata, gateway, logWebhook, Promise.resolve(registration)])
  await checkHealth(origin.port)
  const functions = {
    metadata: await metadata,
    gateway: await gateway,
    'log-webhook': await logWebhook,
    ...(registration && { registration: await registration }),
  }
  const tenant = await tenantReady
  const warnings = catalogueWarnings(env, document)
  return { url, issuer: tenant.issuer, variables, users: setup.users, warnings, functions, tenant }
}

/** Returns the host of `PUBLIC_URL`, for which a tunnel may forward requests. */
function publicHosts({ PUBLIC_URL = '' }: Environment): string[] {
  return URL.canParse(PUBLIC_URL) ? [new URL(PUBLIC_URL).host] : []
}

async function atPort<Part>(variable: string, starting: Promise<Part>): Promise<Part> {
  try {
    return await starting
  } catch (error) {
    const fault = PORT_FAULTS[errorCode(error) ?? '']
    if (fault === undefined) throw error
    const port = error instanceof Error && 'port' in error ? `Port ${error.port}` : 'The port'
    throw new StartError(`${port} ${fault} set ${variable} to another port.`)
  }
}

async function checkHealth(port: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/health`, {
    redirect: 'error',
    signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS),
  }).catch(({ message, cause = {} }: Error & { cause?: { message?: string } }) => {
    // `fetch` blocks some ports, as browsers do.
    throw new StartError(`GET /health at port ${port}: ${cause.message ?? message}.`)
  })
  await answer.body?.cancel()
  if (!answer.ok) throw new StartError(`GET /health returned ${answer.status}.`)
}

import { writeFile } from 'node:fs/promises'
import { createManagement, credentialsIn } from '../../shared/auth0/management.ts'
import type { ManagementFetchOptions } from '../../shared/auth0/management-fetch.ts'
import { ConfigError } from '../../shared/config.ts'
import type { CommandIo, Running } from '../kit/command.ts'
import { UsageError } from '../kit/errors.ts'
import { applySteps, isCarriedOut } from './apply.ts'
import { type ProvisionConfig, parseProvisionConfig } from './config.ts'
import { desiredState } from './desired-state.ts'
import { ExportError, exportState } from './export.ts'
import { watchGrantedScopes } from './granted-scopes.ts'
import { OPERATOR_TIMEOUTS } from './operator-timeouts.ts'
import { withSkipped } from './plan/dependencies.ts'
import { missingScopes, planSteps } from './plan/plan.ts'
import { CURATED_EXCLUDES_ISS, hasIss } from './plan/tenant.ts'
import { createPrinter, type Printer } from './print-provision.ts'
import { checkRedirectUri, type ProvisionOptions } from './provision-options.ts'
import { readTenant } from './read-tenant.ts'

/** The inputs of `npm run provision` beyond those of every command. */
export interface ProvisionIo extends CommandIo {
  /** Overrides of `OPERATOR_TIMEOUTS` for Management API calls. */
  readonly calls?: ManagementFetchOptions
}

/**
 * Runs `npm run provision`. Returns the exit code: 0 = done or nothing to do, 1 = failed or blocked.
 *
 * @throws UsageError, ConfigError or ExportError with a message for people.
 */
export async function runProvision(
  options: ProvisionOptions,
  io: Running<ProvisionIo>,
): Promise<0 | 1> {
  const config = parseProvisionConfig(io.env)
  checkRedirectUri(options.predefined, config.mayRedirectTo)
  const secrets = [config.MGMT_CLIENT_SECRET, ...config.LOG_WEBHOOK_SECRET]
  return await provision(config, options, { ...io, write: withoutSecrets(io.write, secrets) })
}

async function provision(
  config: ProvisionConfig,
  options: ProvisionOptions,
  { env, write, calls, doing, style }: Running<ProvisionIo>,
): Promise<0 | 1> {
  const desired = desiredState(config, options)
  if (desired.iss && desired.isCurated) throw new ConfigError([CURATED_EXCLUDES_ISS])
  const { fetch, grantedScopes } = watchGrantedScopes(calls?.fetch)
  const management = await createManagement(credentialsIn(config), {
    ...OPERATOR_TIMEOUTS,
    ...calls,
    fetch,
  })()
  const snapshot = await readTenant({
    ...{ management, desired, grantedScopes },
    domain: config.MGMT_DOMAIN,
  })
  if (options.isDefaultUri && 'value' in snapshot.settings && !hasIss(desired, snapshot)) {
    throw new UsageError(
      '--predefined requires a redirect URI, because ChatGPT uses a different one for each connection in this tenant: copy it from ChatGPT, or add --iss.',
    )
  }
  if (options.exportTo !== undefined) {
    const yaml = exportState(desired, snapshot)
    const { file } = options.exportTo
    if (file === undefined) write(yaml)
    else await writeExport(file, yaml)
    return 0
  }

  const steps = withSkipped(planSteps(desired, snapshot))
  const items = steps.map(({ item }) => item)
  const printer: Printer = createPrinter(options, write, style)
  const { predefinedClient, exchangeClient } = snapshot
  const existing = 'value' in predefinedClient ? predefinedClient.value?.client_id : undefined
  printer.plan({
    tenant: config.MGMT_DOMAIN,
    items,
    missingScopes: missingScopes(steps, snapshot),
    failure: 'failure' in snapshot.api ? snapshot.api.failure : undefined,
    clientId: existing,
  })
  const isBlocked = items.some(({ action }) => action === 'blocked')
  if (options.apply) doing('Changing the tenant')
  const applied =
    options.apply && steps.some(isCarriedOut)
      ? await applySteps(steps, { management, report: printer.done })
      : undefined
  if (applied !== undefined) printer.applied(applied)
  const clientId = existing ?? applied?.predefinedClient
  if (options.predefined !== undefined && clientId !== undefined) printer.client(clientId)
  const known = 'value' in exchangeClient ? exchangeClient.value : undefined
  const exchanger = known?.client_id ?? applied?.exchangeClient
  if (exchanger !== undefined) {
    const isConfigured = env['OBO_CLIENT_ID']?.trim() === exchanger
    printer.exchange(exchanger, known?.name ?? desired.exchangeName, isConfigured)
  }
  const isFailed = applied !== undefined && applied.failed.length + applied.skipped.length > 0
  return printer.end(isBlocked || isFailed ? 1 : 0)
}

async function writeExport(file: string, yaml: string): Promise<void> {
  try {
    await writeFile(file, yaml)
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new ExportError(`${file} cannot be written (${reason})`)
  }
}

/** Auth0's error messages may quote the request. */
function withoutSecrets(write: (text: string) => void, secrets: readonly string[]) {
  return (text: string) =>
    write(secrets.reduce((hidden, one) => hidden.replaceAll(one, '***'), text))
}

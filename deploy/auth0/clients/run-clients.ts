import { createDeletion } from '../../../shared/auth0/admission.ts'
import { AdmissionError } from '../../../shared/auth0/admission-error.ts'
import { createManagement, type Management } from '../../../shared/auth0/management.ts'
import type { ManagementFetchOptions } from '../../../shared/auth0/management-fetch.ts'
import type { CommandIo, Running } from '../../kit/command.ts'
import { OPERATOR_TIMEOUTS } from '../operator-timeouts.ts'
import { explainFailure } from '../reading.ts'
import { classify } from './classify.ts'
import { parseClientsConfig } from './config.ts'
import type { ClientsOptions } from './options.ts'
import { type ClassifiedClient, type ClientsReport, toJson, toText } from './print-clients.ts'
import { countUserGrants, readClients } from './read-clients.ts'

/** The inputs of `npm run clients` beyond those of every command. */
export interface ClientsIo extends CommandIo {
  /** Overrides of `OPERATOR_TIMEOUTS` for Management API calls. */
  readonly calls?: ManagementFetchOptions
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/**
 * Runs `npm run clients`. Returns the exit code: 0 = done or nothing to do, 1 = a call failed.
 *
 * @throws ConfigError that lists every fault of the environment.
 */
export async function runClients(
  options: ClientsOptions,
  { env, write, calls, now = Date.now, doing }: Running<ClientsIo>,
): Promise<0 | 1> {
  const config = parseClientsConfig(env)
  const management = createManagement(config.credentials, { ...OPERATOR_TIMEOUTS, ...calls })
  const client = await management()
  const read = await readClients({
    ...config,
    domain: config.credentials.domain,
    management: client,
  })
  const at = now()
  const olderThanMs = options.pruneOlderThanMs
  const clients: ClassifiedClient[] = read.clients.map((one) => ({
    ...one,
    decision:
      olderThanMs === undefined
        ? undefined
        : classify(one, one.usage, { olderThanMs, logsSince: read.logsSince, now: at }),
  }))
  const unused = clients
    .filter(({ decision }) => decision?.isUnused)
    .map(({ clientId }) => clientId)
  if (options.apply) doing('Deleting unused clients')
  const pruned = options.apply ? await prune(client, unused) : NOTHING
  const report: ClientsReport = {
    ...{ tenant: config.credentials.domain, clients, now: at },
    read: { ...read, failures: [...read.failures, ...pruned.failures] },
    deleted: pruned.deleted,
    kept: pruned.kept,
  }
  write(options.json ? toJson(report) : toText(report, options))
  return report.read.failures.length === 0 ? 0 : 1
}

type Pruned = Pick<ClientsReport, 'deleted' | 'kept'> & Pick<ClientsReport['read'], 'failures'>
const NOTHING: Pruned = { deleted: [], kept: [], failures: [] }

/** Deletes sequentially and stops at the first failure. Reads the grants of each client again first. */
async function prune(management: Management, clientIds: readonly string[]): Promise<Pruned> {
  const remove = createDeletion(async () => management)
  const deleted: string[] = []
  const kept: { clientId: string; reason: string }[] = []
  for (const clientId of clientIds) {
    try {
      if ((await countUserGrants(management, clientId)) > 0) {
        kept.push({ clientId, reason: 'a user has just granted it access' })
        continue
      }
      await remove(clientId)
      deleted.push(clientId)
    } catch (error) {
      const isDeletion = error instanceof AdmissionError
      const failure = explainFailure(isDeletion ? error.cause : error)
      const scope = isDeletion ? 'delete:clients' : 'read:grants'
      return { deleted, kept, failures: [{ ...failure, scope }] }
    }
  }
  return { deleted, kept, failures: [] }
}

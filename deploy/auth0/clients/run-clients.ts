import { createDeletion } from '../../../shared/auth0/admission.ts'
import { AdmissionError } from '../../../shared/auth0/admission-error.ts'
import { createManagement, type Management } from '../../../shared/auth0/management.ts'
import type { ManagementFetchOptions } from '../../../shared/auth0/management-fetch.ts'
import type { CommandIo, Running } from '../../kit/command.ts'
import { OPERATOR_TIMEOUTS } from '../operator-timeouts.ts'
import { explainFailure } from '../reading.ts'
import { parseClientsConfig } from './config.ts'
import type { ClientsOptions } from './options.ts'
import { type ClientsReport, type JudgedClient, toJson, toText } from './print-clients.ts'
import { countUserGrants, readClients } from './read-clients.ts'
import { judge } from './verdict.ts'

/** What a run of `npm run clients` may get besides what every command gets. */
export interface ClientsIo extends CommandIo {
  /** How the Management API is called, where that is not with an operator's patience. */
  readonly calls?: ManagementFetchOptions
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/**
 * One run of `npm run clients`; returns the exit code: 0 = done or nothing to do, 1 = failed or not
 * everything known.
 *
 * @throws ConfigError with every fault of the environment.
 */
export async function runClients(
  options: ClientsOptions,
  { env, write, calls, now = Date.now, doing }: Running<ClientsIo>,
): Promise<0 | 1> {
  const config = parseClientsConfig(env)
  const management = createManagement(config.credentials, { ...OPERATOR_TIMEOUTS, ...calls })
  const client = await management()
  const read = await readClients({ ...config, management: client })
  const at = now()
  const olderThanMs = options.pruneOlderThanMs
  const clients: JudgedClient[] = read.clients.map((one) => ({
    ...one,
    verdict:
      olderThanMs === undefined
        ? undefined
        : judge(one, one.life, { olderThanMs, logsSince: read.logsSince, now: at }),
  }))
  const dead = clients.filter(({ verdict }) => verdict?.isDead).map(({ clientId }) => clientId)
  if (options.apply) doing('Deleting unused clients')
  const pruned = options.apply ? await prune(client, dead) : NOTHING
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

/** Deletes one after the other, and stops at the first that fails; each is looked at once more. */
async function prune(management: Management, clientIds: readonly string[]): Promise<Pruned> {
  const remove = createDeletion(async () => management)
  const deleted: string[] = []
  const kept: { clientId: string; reason: string }[] = []
  for (const clientId of clientIds) {
    try {
      if ((await countUserGrants(management, clientId)) > 0) {
        kept.push({ clientId, reason: 'somebody has granted it access just now' })
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

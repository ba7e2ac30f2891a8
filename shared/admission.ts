import { AdmissionError, createAttempts, settling } from './admission-error.ts'
import {
  eachConnection,
  enableFor,
  findConnection,
  grantApi,
  promote,
  type RequestOptions,
  readClient,
  shareWithThirdParties,
} from './admission-steps.ts'
import type { Management } from './management.ts'
import type { RedirectUriPolicy } from './redirect-uris.ts'
import { isStrict, mayHaveRegistered } from './registered-client.ts'

/** What became of one newly registered client. */
export interface Admission {
  readonly outcome: 'admitted' | 'already_admitted' | 'refused' | 'deleted' | 'observed'
  /** Why it was refused or deleted, for the log. */
  readonly reason?: 'redirect_uri_not_covered' | 'not_dynamic'
  readonly clientName: string | undefined
  readonly mode: 'strict' | 'permissive'
}

export interface AdmissionOptions {
  readonly management: () => Promise<Management>
  readonly mayRedirectTo: RedirectUriPolicy
  readonly policy: 'admit' | 'observe' | 'enforce'
  /** Names of the login connections that an admitted client gets. */
  readonly connections: readonly string[]
  readonly audience: string
  readonly scopes: readonly string[]
  /** Milliseconds between tries of a step that Auth0 answers 404, as it may right after a registration. */
  readonly readDelaysMs?: readonly number[]
}

/**
 * Admits one client if the policy covers it; whoever calls it twice changes nothing the second time,
 * and whoever calls it while it runs for the same client waits for that run. Stops when `signal`
 * aborts. A client that Auth0 does not know is asked for again for a moment, unless `isGone` says that
 * there is nothing to wait for.
 *
 * @throws AdmissionError naming the step that failed; what was done before it stays and is not
 * repeated by the next try.
 */
export type AdmitClient = (
  clientId: string,
  signal?: AbortSignal,
  isGone?: boolean,
) => Promise<Admission>

/**
 * Deletes a client; one that is not there is as good as deleted.
 *
 * @throws AdmissionError
 */
export type DeleteClient = (clientId: string, signal?: AbortSignal) => Promise<void>

const READ_DELAYS_MS = [250, 500, 1_000]

/** Returns the one way in which a client is admitted, whoever saw it first. */
export function createAdmission(options: AdmissionOptions): AdmitClient {
  const remove = createDeletion(options.management)

  const admit = async (
    clientId: string,
    signal: AbortSignal | undefined,
    delaysMs: readonly number[],
  ): Promise<Admission> => {
    const { attempt, done } = settling(createAttempts(signal), delaysMs)
    const management = await options.management()
    const steps = { attempt, management, request: requestOptions(signal) }
    const client = await readClient(steps, clientId)
    const mode = isStrict(client) ? 'strict' : 'permissive'
    const about = { clientName: client.name, mode } as const
    // A record only says so: what an operator made is neither changed nor deleted on its word.
    if (!mayHaveRegistered(client)) return { outcome: 'refused', reason: 'not_dynamic', ...about }
    if (!options.mayRedirectTo(client.callbacks ?? [])) {
      const mayDelete = options.policy === 'enforce' && client.is_first_party === false
      if (mayDelete) await remove(clientId, signal)
      const outcome = mayDelete ? 'deleted' : 'refused'
      return { outcome, reason: 'redirect_uri_not_covered', ...about }
    }
    if (options.policy === 'observe') return { outcome: 'observed', ...about }
    if (mode === 'strict') {
      await grantApi(steps, clientId, options)
      await eachConnection(steps, options.connections, shareWithThirdParties)
    } else {
      await promote(steps, clientId, client)
      await eachConnection(steps, options.connections, enableFor(clientId))
    }
    return { outcome: done.length > 0 ? 'admitted' : 'already_admitted', ...about }
  }

  const inFlight = new Map<string, Promise<Admission>>()
  return async (clientId, signal, isGone = false) => {
    const delaysMs = isGone ? [] : (options.readDelaysMs ?? READ_DELAYS_MS)
    const running =
      inFlight.get(clientId) ??
      admit(clientId, signal, delaysMs).finally(() => inFlight.delete(clientId))
    inFlight.set(clientId, running)
    return running
  }
}

/**
 * Returns a function that finds out, before anything is changed, whether an admission has a chance:
 * the Management API answers, and the login connections are there. It throws AdmissionError.
 */
export function createAdmissionCheck({
  management,
  connections,
}: Pick<AdmissionOptions, 'management' | 'connections'>): (signal?: AbortSignal) => Promise<void> {
  return async (signal) => {
    const { attempt } = createAttempts(signal)
    const steps = { attempt, management: await management(), request: requestOptions(signal) }
    for (const name of connections) await findConnection(steps, name)
  }
}

/** Returns the one way in which a registration is undone. */
export function createDeletion(management: () => Promise<Management>): DeleteClient {
  return async (clientId, signal) => {
    const { attempt } = createAttempts(signal)
    try {
      await attempt('client_delete', async () =>
        (await management()).clients.delete(clientId, requestOptions(signal)),
      )
    } catch (error) {
      if (!(error instanceof AdmissionError) || error.status !== 404) throw error
    }
  }
}

function requestOptions(signal: AbortSignal | undefined): RequestOptions {
  return signal === undefined ? {} : { abortSignal: signal }
}

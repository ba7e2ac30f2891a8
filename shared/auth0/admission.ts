import type { Management as Auth0 } from 'auth0'
import { AdmissionError, createAttempts, retryOnNotFound } from './admission-error.ts'
import { findConnection, type RequestOptions, readClient } from './admission-steps.ts'
import { type Served, type ServeOptions, serveClient } from './admission-ways.ts'
import type { Management } from './management.ts'
import type { RedirectUriPolicy } from './redirect-uris.ts'
import {
  isPromoted,
  isSelfRegistered,
  isStrict,
  mayHaveRegistered,
  registrationKind,
} from './registered-client.ts'

/** The result of the admission of one newly registered client. */
export interface Admission extends Partial<Served> {
  readonly outcome: 'admitted' | 'already_admitted' | 'refused' | 'deleted' | 'observed' | 'ignored'
  /** Why the client was refused, deleted or ignored; for the log. */
  readonly reason?: 'redirect_uri_not_covered' | 'not_dynamic' | 'not_self_registered'
  readonly clientName: string | undefined
  readonly mode: 'strict' | 'permissive'
}

export interface AdmissionOptions extends ServeOptions {
  readonly management: () => Promise<Management>
  readonly mayRedirectTo: RedirectUriPolicy
  readonly policy: 'admit' | 'observe' | 'enforce'
  /**
   * Milliseconds before each retry of a step that Auth0 answered 404, as it may right after a
   * registration.
   */
  readonly readDelaysMs?: readonly number[]
}

/** What the caller knows about a client before it is read. */
export interface AdmissionHints {
  /** The client may be deleted: a 404 is not retried. */
  readonly isGone?: boolean
  /**
   * Whether the client registered itself is unknown. It is ignored unless its marker proves that it did
   * so by its metadata document.
   */
  readonly isGuess?: boolean
}

/**
 * Admits one client if the policy covers it. Is idempotent. Concurrent calls for the same client share
 * one run. Stops when `signal` aborts. Retries for a moment while Auth0 does not find the client,
 * unless `isGone` is set.
 *
 * @throws AdmissionError, which names the failed step. Completed steps are kept and not repeated by the
 * next call.
 */
export type AdmitClient = (
  clientId: string,
  signal?: AbortSignal,
  hints?: AdmissionHints,
) => Promise<Admission>

/**
 * Deletes a client. A client that does not exist counts as deleted.
 *
 * @throws AdmissionError
 */
export type DeleteClient = (clientId: string, signal?: AbortSignal) => Promise<void>

const READ_DELAYS_MS = [250, 500, 1_000]

/** Returns the function that admits clients, however their registration became known. */
export function createAdmission(options: AdmissionOptions): AdmitClient {
  const remove = createDeletion(options.management)

  const admit = async (
    clientId: string,
    signal: AbortSignal | undefined,
    { isGone = false, isGuess = false }: AdmissionHints,
  ): Promise<Admission> => {
    const delaysMs = isGone ? [] : (options.readDelaysMs ?? READ_DELAYS_MS)
    const { attempt, done } = retryOnNotFound(createAttempts(signal), delaysMs)
    const management = await options.management()
    const steps = { attempt, management, request: requestOptions(signal) }
    const client = await readClient(steps, clientId)
    const mode = isStrict(client) ? 'strict' : 'permissive'
    const about = { clientName: client.name, mode } as const
    if (isGuess && registrationKind(client) !== 'self_cimd') {
      return { outcome: 'ignored', reason: 'not_self_registered', ...about }
    }
    // A log record does not prove that the client registered itself. Clients of an operator stay
    // unchanged.
    if (!mayHaveRegistered(client)) return { outcome: 'refused', reason: 'not_dynamic', ...about }
    if (!options.mayRedirectTo(client.callbacks ?? [])) {
      const isDeleted = options.policy === 'enforce' && mayDelete(client)
      if (isDeleted) await remove(clientId, signal)
      const outcome = isDeleted ? 'deleted' : 'refused'
      return { outcome, reason: 'redirect_uri_not_covered', ...about }
    }
    if (options.policy === 'observe') return { outcome: 'observed', ...about }
    const served = await serveClient(steps, { clientId, client }, options)
    return { outcome: done.length > 0 ? 'admitted' : 'already_admitted', ...served, ...about }
  }

  const inFlight = new Map<string, Promise<Admission>>()
  return async (clientId, signal, hints = {}) => {
    const running =
      inFlight.get(clientId) ??
      admit(clientId, signal, hints).finally(() => inFlight.delete(clientId))
    inFlight.set(clientId, running)
    return running
  }
}

/**
 * Excludes first-party clients that an operator may have taken over, even if they registered themselves.
 */
function mayDelete(client: Auth0.Client): boolean {
  if (client.is_first_party === false) return true
  return isSelfRegistered(client) && (client.is_first_party === undefined || isPromoted(client))
}

/**
 * Returns a function that checks, without a change, that the Management API answers and the login
 * connections exist. It throws AdmissionError if an admission cannot succeed.
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

/** Returns the function that undoes a registration. */
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

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

/** What became of one newly registered client. */
export interface Admission extends Partial<Served> {
  readonly outcome: 'admitted' | 'already_admitted' | 'refused' | 'deleted' | 'observed' | 'ignored'
  /** Why it was refused, deleted or ignored, for the log. */
  readonly reason?: 'redirect_uri_not_covered' | 'not_dynamic' | 'not_self_registered'
  readonly clientName: string | undefined
  readonly mode: 'strict' | 'permissive'
}

export interface AdmissionOptions extends ServeOptions {
  readonly management: () => Promise<Management>
  readonly mayRedirectTo: RedirectUriPolicy
  readonly policy: 'admit' | 'observe' | 'enforce'
  /** Milliseconds between tries of a step that Auth0 answers 404, as it may right after a registration. */
  readonly readDelaysMs?: readonly number[]
}

/** What is known of a client before it is read. */
export interface AdmissionHints {
  /** Nothing is waited for when Auth0 does not know the client. */
  readonly isGone?: boolean
  /**
   * The registration is a guess: the client is ignored unless its marker proves that it registered
   * itself by its metadata document.
   */
  readonly isGuess?: boolean
}

/**
 * Admits one client if the policy covers it. A second call changes nothing, and a call while another
 * runs for the same client waits for that run. Stops when `signal` aborts. A client that Auth0 does
 * not know is read again for a moment, unless `isGone` is set.
 *
 * @throws AdmissionError naming the step that failed; what was done before it stays and is not
 * repeated by the next try.
 */
export type AdmitClient = (
  clientId: string,
  signal?: AbortSignal,
  hints?: AdmissionHints,
) => Promise<Admission>

/**
 * Deletes a client; one that is not there is as good as deleted.
 *
 * @throws AdmissionError
 */
export type DeleteClient = (clientId: string, signal?: AbortSignal) => Promise<void>

const READ_DELAYS_MS = [250, 500, 1_000]

/** Returns the function by which clients are admitted, from every source. */
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
    // A record only says so: what an operator made is neither changed nor deleted on its word.
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

/** A first-party client may be one that an operator has taken over, even if it registered itself. */
function mayDelete(client: Auth0.Client): boolean {
  if (client.is_first_party === false) return true
  return isSelfRegistered(client) && (client.is_first_party === undefined || isPromoted(client))
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

import { asObject } from '../json.ts'
import { SCOPE_OF_CALL } from './scopes.ts'

/**
 * The steps of an admission, as failure codes name them, each with the Management API scope that it
 * needs.
 */
export const SCOPE_OF_STEP = {
  client_read: SCOPE_OF_CALL['clients.get'],
  client_promote: SCOPE_OF_CALL['clients.update'],
  client_update: SCOPE_OF_CALL['clients.update'],
  client_delete: SCOPE_OF_CALL['clients.delete'],
  conn_lookup: SCOPE_OF_CALL['connections.list'],
  conn_enable: SCOPE_OF_CALL['connections.update'],
  grant_lookup: SCOPE_OF_CALL['clientGrants.list'],
  grant_create: SCOPE_OF_CALL['clientGrants.create'],
  grant_update: SCOPE_OF_CALL['clientGrants.update'],
} as const

export type AdmissionStep = keyof typeof SCOPE_OF_STEP

/** The kind of entity that a step creates, by Auth0's name. */
const ENTITY_OF_STEP: Partial<Record<AdmissionStep, string>> = { grant_create: 'client grants' }

const CHANGING_STEPS: ReadonlySet<AdmissionStep> = new Set([
  'client_promote',
  'client_update',
  'client_delete',
  'conn_enable',
  'grant_create',
  'grant_update',
])
const CLIENT_STEPS: ReadonlySet<AdmissionStep> = new Set([
  'client_read',
  'client_promote',
  'client_update',
  'grant_create',
])

/**
 * One step of an admission failed. `code` is `<step>_http_<status>`, `<step>_timeout`,
 * `<step>_unreachable`, `<step>_not_found` or `<step>_malformed`. The step is `mgmt_token` if Auth0
 * issued no Management API token. `isTransient`: a retry can succeed. `affectsAllClients`: until then,
 * every other client would fail in the same way.
 */
export class AdmissionError extends Error {
  override readonly name = 'AdmissionError'
  readonly code: string
  readonly status: number | undefined
  readonly isTransient: boolean
  readonly affectsAllClients: boolean
  /** The Management API scope that the step needs, if Auth0 answered 403 because it is missing. */
  readonly missingScope: string | undefined
  /** The kind of entity whose limit the tenant has reached, if Auth0 answered 403 for that reason. */
  readonly limitReached: string | undefined
  /** The steps that changed something before this one failed, in order. */
  readonly done: readonly AdmissionStep[]
  /**
   * The code of the promotion that Auth0 refused, if the client was then to be admitted as a third-party
   * client.
   */
  readonly promotion: string | undefined
  readonly #step: AdmissionStep

  constructor(
    step: AdmissionStep,
    cause: unknown,
    done: readonly AdmissionStep[] = [],
    promotion?: string,
  ) {
    const status = statusOf(cause)
    const noToken = isTokenFailure(cause)
    const failure = status === undefined ? failureOf(cause) : `http_${status}`
    const code = `${noToken ? 'mgmt_token' : step}_${failure}`
    super(code, { cause })
    this.code = code
    this.status = status
    this.done = [...done]
    this.promotion = promotion
    this.#step = step
    // These four statuses reject the request itself. An outage, a rate limit or a missing permission
    // may pass.
    const isRefused = status === 403 && !noToken
    this.limitReached = isRefused && isLimit(cause) ? ENTITY_OF_STEP[step] : undefined
    const mayPass = status === undefined || noToken || ![400, 404, 409, 422].includes(status)
    // A limit stays until an operator deletes entities, so a redelivery would not help.
    this.isTransient = mayPass && this.limitReached === undefined
    this.affectsAllClients = noToken || status === 401 || status === 429
    this.missingScope = isRefused && lacksScope(cause) ? SCOPE_OF_STEP[step] : undefined
  }

  /** Returns the same failure with the code of the promotion that Auth0 refused before it. */
  after(promotion: string): AdmissionError {
    return new AdmissionError(this.#step, this.cause, this.done, promotion)
  }
}

const PROMOTION_REFUSAL_STATUSES: ReadonlySet<number> = new Set([400, 403, 409])

/**
 * Returns the code of the error if Auth0 does not allow the promotion, and undefined for any other
 * error. A 403 because of a missing Management API scope is not a refusal.
 */
export function refusedPromotion(error: unknown): string | undefined {
  if (!(error instanceof AdmissionError) || !error.code.startsWith('client_promote_'))
    return undefined
  const { status = 0, cause } = error
  return PROMOTION_REFUSAL_STATUSES.has(status) && !isAboutScope(cause) ? error.code : undefined
}

function isAboutScope(error: unknown): boolean {
  const { code, message } = refusalIn(error)
  return code === 'insufficient_scope' || /insufficient scope/i.test(message)
}

/** A 403 without a code and a message counts as a missing scope. */
function lacksScope(error: unknown): boolean {
  const { code, message } = refusalIn(error)
  return isAboutScope(error) || (code === undefined && message === '')
}

function isLimit(error: unknown): boolean {
  const { code, message } = refusalIn(error)
  return code === 'too_many_entities' || /reached the limit of entities/i.test(message)
}

/** Returns Auth0's error code and message from a response of the Management API. */
function refusalIn(error: unknown): { readonly code: unknown; readonly message: string } {
  const body = error instanceof Error && 'body' in error ? asObject(error.body) : undefined
  const message = body?.['message']
  return { code: body?.['errorCode'], message: typeof message === 'string' ? message : '' }
}

/** The steps of one admission. */
export interface Attempts {
  /** Runs one step; any error becomes an AdmissionError of that step. */
  readonly attempt: <T>(step: AdmissionStep, run: () => PromiseLike<T>) => Promise<T>
  /** The steps that changed something so far, in order. */
  readonly done: readonly AdmissionStep[]
}

/**
 * Runs steps and records those that changed something. When `signal` aborts, the running step fails at
 * once and no further step starts. If the signal is that of a timeout, the code is `<step>_timeout`.
 */
export function createAttempts(signal?: AbortSignal): Attempts {
  const done: AdmissionStep[] = []
  return {
    done,
    attempt: async (step, run) => {
      try {
        signal?.throwIfAborted()
        const result = await (signal === undefined
          ? run()
          : Promise.race([run(), rejectedBy(signal)]))
        if (CHANGING_STEPS.has(step)) done.push(step)
        return result
      } catch (error) {
        throw new AdmissionError(step, signal?.aborted ? signal.reason : error, done)
      }
    },
  }
}

/**
 * Returns the same attempts, but retries a step that names the new client after each of `delaysMs`
 * while Auth0 answers 404. Auth0 may answer 404 for a moment after a registration.
 */
export function retryOnNotFound(
  { attempt, done }: Attempts,
  delaysMs: readonly number[],
): Attempts {
  const retrying: Attempts['attempt'] = async (step, run) => {
    for (const delayMs of CLIENT_STEPS.has(step) ? delaysMs : []) {
      try {
        return await attempt(step, run)
      } catch (error) {
        if (!(error instanceof AdmissionError) || error.status !== 404) throw error
        await new Promise((resolve) => setTimeout(resolve, delayMs))
      }
    }
    return attempt(step, run)
  }
  return { attempt: retrying, done }
}

/**
 * Rejects when the signal aborts, because the `auth0` package does not end its pauses between retries
 * then.
 */
function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

// Duck-typed, because importing the error classes would load the whole package at start.
function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined
  return typeof error.statusCode === 'number' ? error.statusCode : undefined
}

/**
 * Returns whether a call failed because Auth0 issued no Management API token, by the error message of
 * the `auth0` package.
 */
export function isTokenFailure(error: unknown): boolean {
  return error instanceof Error && error.message.includes('token request')
}

/** Auth0 answered, but without the requested entity. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError'
  readonly failure: 'not_found' | 'malformed'

  constructor(failure: AnswerError['failure']) {
    super(failure)
    this.failure = failure
  }
}

function failureOf(error: unknown): 'timeout' | 'unreachable' | AnswerError['failure'] {
  if (error instanceof AnswerError) return error.failure
  const name = error instanceof Error ? error.name : ''
  return /timeout/i.test(name) ? 'timeout' : 'unreachable'
}

import { asObject } from '../json.ts'
import { SCOPE_OF_CALL } from './scopes.ts'

/** The steps of an admission, as they are named in failure codes, with the Management scope of each. */
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

/** The kind of entity that a step creates, in Auth0's words. */
const ENTITY_OF_STEP: Partial<Record<AdmissionStep, string>> = { grant_create: 'client grants' }

const CHANGES: ReadonlySet<AdmissionStep> = new Set([
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
 * One step failed. `code` is `<step>_http_<status>`, `<step>_timeout`, `<step>_unreachable`,
 * `<step>_not_found` or `<step>_malformed`, with `mgmt_token` as the step when Auth0 gave no
 * Management API token; `isTransient` says whether the same step can succeed later without another
 * record, `affectsAllClients` whether every other client would fail in the same way until then.
 */
export class AdmissionError extends Error {
  override readonly name = 'AdmissionError'
  readonly code: string
  readonly status: number | undefined
  readonly isTransient: boolean
  readonly affectsAllClients: boolean
  /** The Management API scope that this step needs, when Auth0 answered 403. */
  readonly missingScope: string | undefined
  /** The kind of entity whose limit the tenant has reached, when Auth0 answered 403 for that reason. */
  readonly limitReached: string | undefined
  /** The steps that have changed something before this one failed, in order. */
  readonly done: readonly AdmissionStep[]
  /** The code of the refused promotion, when this failure is of the other way to serve the client. */
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
    // Anything but a refusal of this very request: an outage, a rate limit, a missing permission.
    const isRefused = status === 403 && !noToken
    this.limitReached = isRefused && isLimit(cause) ? ENTITY_OF_STEP[step] : undefined
    const mayPass = status === undefined || noToken || ![400, 404, 409, 422].includes(status)
    // A limit stays until an operator deletes entities: a redelivery would not help.
    this.isTransient = mayPass && this.limitReached === undefined
    this.affectsAllClients = noToken || status === 401 || status === 429
    this.missingScope = isRefused && lacksScope(cause) ? SCOPE_OF_STEP[step] : undefined
  }

  /** The same failure, after Auth0 refused a promotion with that code. */
  after(promotion: string): AdmissionError {
    return new AdmissionError(this.#step, this.cause, this.done, promotion)
  }
}

const REFUSED: ReadonlySet<number> = new Set([400, 403, 409])

/**
 * The code of a promotion that Auth0 does not allow; undefined for any other error. A 403 for want of
 * a Management scope is not a refusal.
 */
export function refusedPromotion(error: unknown): string | undefined {
  if (!(error instanceof AdmissionError) || !error.code.startsWith('client_promote_'))
    return undefined
  const { status = 0, cause } = error
  return REFUSED.has(status) && !isAboutScope(cause) ? error.code : undefined
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

/** Auth0's code and message for an error, in an answer of the Management API. */
function refusalIn(error: unknown): { readonly code: unknown; readonly message: string } {
  const body = error instanceof Error && 'body' in error ? asObject(error.body) : undefined
  const message = body?.['message']
  return { code: body?.['errorCode'], message: typeof message === 'string' ? message : '' }
}

/** The steps of one admission. */
export interface Attempts {
  /** Runs one step; any error becomes an AdmissionError of that step. */
  readonly attempt: <T>(step: AdmissionStep, run: () => PromiseLike<T>) => Promise<T>
  /** The steps that have changed something so far, in order. */
  readonly done: readonly AdmissionStep[]
}

/**
 * Runs steps and records those that changed something. Once `signal` has aborted none is started, and the one
 * that is running fails at once: as `<step>_timeout`, when the signal is one of a time-out.
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
        if (CHANGES.has(step)) done.push(step)
        return result
      } catch (error) {
        throw new AdmissionError(step, signal?.aborted ? signal.reason : error, done)
      }
    },
  }
}

/**
 * The same attempts, where a step that names the new client is tried again after each of `delaysMs`
 * while Auth0 answers 404: for a moment after a registration it may not know the client everywhere.
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

/** The package's own pauses between tries do not end with the signal that it is given. */
function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

// Read by shape, so that telling errors apart does not load the whole package at start.
function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined
  return typeof error.statusCode === 'number' ? error.statusCode : undefined
}

/** Whether a call failed because Auth0 gave no Management API token: the `auth0` package says so. */
export function isTokenFailure(error: unknown): boolean {
  return error instanceof Error && error.message.includes('token request')
}

/** Auth0 answered, but not with what was asked for. */
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

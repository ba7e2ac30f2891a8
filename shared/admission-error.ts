/** The steps of an admission, as they stand in failure codes, with the Management scope of each. */
const SCOPE_OF_STEP = {
  client_read: 'read:clients',
  client_promote: 'update:clients',
  client_delete: 'delete:clients',
  conn_lookup: 'read:connections',
  conn_enable: 'update:connections',
  grant_lookup: 'read:client_grants',
  grant_create: 'create:client_grants',
} as const

export type AdmissionStep = keyof typeof SCOPE_OF_STEP

/**
 * One step failed. `code` is `<step>_http_<status>`, `<step>_timeout`, `<step>_unreachable` or
 * `<step>_not_found`, with `mgmt_token` as the step when Auth0 gave no Management API token;
 * `passing` says whether the same step can succeed later without another record.
 */
export class AdmissionError extends Error {
  override readonly name = 'AdmissionError'
  readonly code: string
  readonly status: number | undefined
  readonly passing: boolean
  /** The Management API scope that this step needs, when Auth0 answered 403. */
  readonly missingScope: string | undefined

  constructor(step: AdmissionStep, cause: unknown) {
    const status = statusOf(cause)
    const noToken = isTokenFailure(cause)
    const failure = status === undefined ? failureOf(cause) : `http_${status}`
    const code = `${noToken ? 'mgmt_token' : step}_${failure}`
    super(code, { cause })
    this.code = code
    this.status = status
    // Anything but a refusal of this very request: an outage, a rate limit, a missing permission.
    this.passing = status === undefined || noToken || ![400, 404, 409, 422].includes(status)
    this.missingScope = status === 403 && !noToken ? SCOPE_OF_STEP[step] : undefined
  }
}

/** Runs one step; whatever it throws becomes an AdmissionError of that step. */
export async function attempt<T>(step: AdmissionStep, run: () => PromiseLike<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw new AdmissionError(step, error)
  }
}

// Read by shape, so that telling errors apart does not load the whole package at start.
function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined
  return typeof error.statusCode === 'number' ? error.statusCode : undefined
}

function isTokenFailure(error: unknown): boolean {
  return error instanceof Error && error.message.includes('token request')
}

/** Nothing of that name: what a lookup that succeeded found. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError'
}

function failureOf(error: unknown): 'timeout' | 'unreachable' | 'not_found' {
  if (error instanceof NotFoundError) return 'not_found'
  const name = error instanceof Error ? error.name : ''
  return /timeout/i.test(name) ? 'timeout' : 'unreachable'
}

import type { AdmitClient, DeleteClient } from '../../shared/auth0/admission.ts'
import { AdmissionError } from '../../shared/auth0/admission-error.ts'
import type { RedirectUriPolicy } from '../../shared/auth0/redirect-uris.ts'
import { type CorsPolicy, withCors } from '../../shared/http/cors.ts'
import { type Handler, type HttpRequest, type HttpResponse, json } from '../../shared/http/http.ts'
import { HttpError, notFound } from '../../shared/http/http-error.ts'
import type { Log } from '../../shared/log.ts'
import { REGISTRATION_PATH } from '../../shared/oauth/protected-resource.ts'
import { parseClientMetadata } from './client-metadata.ts'
import type { RegisterAtIssuer } from './issuer-registration.ts'
import { registrantOf } from './registrant.ts'
import { tooMany, unavailable } from './registration-error.ts'
import { createRegistrationLimit } from './registration-limit.ts'

export interface RegistrationOptions {
  /** If false, every path is answered with 404. */
  readonly isOffered: boolean
  readonly mayRedirectTo: RedirectUriPolicy
  /** Throws AdmissionError if no admission can currently succeed. */
  readonly check: (signal: AbortSignal) => Promise<void>
  readonly register: RegisterAtIssuer
  readonly admit: AdmitClient
  readonly remove: DeleteClient
  readonly admissionTimeoutMs?: number
  /** Whether every request passes Google's front end, which appends to X-Forwarded-For. */
  readonly isBehindFront?: boolean
}

const POLICY: CorsPolicy = {
  origins: new Set(['*']),
  methods: ['POST', 'OPTIONS'],
  requestHeaders: ['authorization', 'content-type', 'mcp-protocol-version'],
  exposedHeaders: ['retry-after'],
}
const RETRY_AFTER_SECONDS = 10
// Together with the 10 s for the registration, all time-outs stay below the 60 s after which
// Firebase Hosting ends a request.
const CHECK_TIMEOUT_MS = 10_000
/** Ten redirect URIs of the maximum length take a third of this. */
const MAX_BODY_BYTES = 64 * 1024
const ADMISSION_TIMEOUT_MS = 20_000
const REMOVAL_TIMEOUT_MS = 15_000

/**
 * Handles `POST /oauth/register` (RFC 7591). Registers a client at Auth0 if its redirect URIs are
 * allowed, admits it, and then returns its id. If the admission fails, deletes the client again.
 */
export function createRegistration(options: RegistrationOptions): Handler {
  const { isOffered, mayRedirectTo, isBehindFront = false } = options
  const limit = createRegistrationLimit()
  const respond = async (request: HttpRequest): Promise<HttpResponse> => {
    const metadata = parseClientMetadata(
      await request.body({ maxBytes: MAX_BODY_BYTES }),
      mayRedirectTo,
    )
    const waitSeconds = await limit.take(registrantOf(request.headers, isBehindFront))
    if (waitSeconds !== undefined) throw tooMany('registrations_limited', waitSeconds)
    await options.check(AbortSignal.timeout(CHECK_TIMEOUT_MS)).catch((error: unknown) => {
      throw toHttpError(error, request.log)
    })
    const { clientId, issuedAt } = await options
      .register(metadata)
      .catch(async (error: unknown) => {
        // A request that Auth0 rejects must not use up the common limit. It still counts against
        // its sender.
        if (error instanceof HttpError && error.status === 400) await limit.giveBack()
        throw error
      })
    await admitOrRemove(options, clientId, request)
    return json(
      201,
      { client_id: clientId, client_id_issued_at: issuedAt, ...metadata },
      { pragma: 'no-cache' },
    )
  }
  return (request) => {
    const isRegistrationPath = request.path === REGISTRATION_PATH || request.path === '/'
    if (!isOffered || !isRegistrationPath) throw notFound()
    return withCors(POLICY, request, () => respond(request), renderError)
  }
}

/**
 * Admits a client, or deletes it unless Auth0 marks it as not registered dynamically.
 *
 * @throws HttpError 503 if the client is not admitted.
 */
async function admitOrRemove(
  { admit, remove, admissionTimeoutMs = ADMISSION_TIMEOUT_MS }: RegistrationOptions,
  clientId: string,
  { log, isDisconnected }: HttpRequest,
): Promise<void> {
  let failure: unknown
  let isRegistered = true
  try {
    const signal = AbortSignal.timeout(admissionTimeoutMs)
    const { outcome, mode, reason, way, promotion } = await admit(clientId, signal)
    log.info(`client_${outcome}`, { client: clientId, mode, way, promotion, reason })
    const isAdmitted = outcome === 'admitted' || outcome === 'already_admitted'
    // A client that disconnected has not received its id.
    if (isAdmitted && !isDisconnected()) return
    isRegistered = reason !== 'not_dynamic'
    failure = unavailable(isAdmitted ? 'client_hung_up' : `client_${outcome}`, RETRY_AFTER_SECONDS)
  } catch (error) {
    failure = toHttpError(error, log, clientId)
  }
  if (!isRegistered) {
    // According to Auth0, an operator created this client.
    log.error('registration_left_behind', { client: clientId, code: 'not_dynamic' })
    throw failure
  }
  await remove(clientId, AbortSignal.timeout(REMOVAL_TIMEOUT_MS)).then(
    () => log.warning('registration_undone', { client: clientId }),
    (error: unknown) => logLeftBehind(log, clientId, error),
  )
  throw failure
}

/**
 * Logs an AdmissionError and returns it as HttpError 503. Any other error is a bug and is returned
 * unchanged.
 */
function toHttpError(error: unknown, log: Log, clientId?: string): unknown {
  if (!(error instanceof AdmissionError)) return error
  const { code, missingScope, limitReached, done, promotion } = error
  const missing = { missing_scope: missingScope, limit_reached: limitReached }
  const fields = { client: clientId, code, promotion, ...missing, done }
  log.error('admission_failed', fields)
  return unavailable(code, RETRY_AFTER_SECONDS)
}

function logLeftBehind(log: Log, clientId: string, error: unknown): void {
  if (!(error instanceof AdmissionError)) throw error
  const { code, missingScope } = error
  log.error('registration_left_behind', { client: clientId, code, missing_scope: missingScope })
}

/** Returns a client registration error response (RFC 7591 s3.2.2) and logs the reason. */
function renderError(error: HttpError, log: Log): HttpResponse {
  const write = error.status === 503 ? log.error : log.warning
  write('registration_refused', { status: error.status, reason: error.reason ?? error.code })
  const { code, message, status, headers } = error
  return json(
    status,
    { error: code, error_description: message },
    { ...headers, pragma: 'no-cache' },
  )
}

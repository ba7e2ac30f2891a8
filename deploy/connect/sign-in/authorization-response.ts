import { timingSafeEqual } from 'node:crypto'
import type { AuthorizationServerMetadata } from '@modelcontextprotocol/client'
import { faultOfRefusal, StepError } from '../failure.ts'
import type { StepResult } from '../step.ts'

/** A successful authorization response. */
export interface AuthorizationResponse {
  readonly code: string
  readonly iss: string | undefined
}

const ISS_SUPPORTED = 'authorization_response_iss_parameter_supported'

/**
 * Returns the code of an authorization response, checked by RFC 6749 s4.1.2 and RFC 9207 s2.4. Does not
 * show the content of a response to a different request.
 *
 * @throws StepError
 */
export function readAuthorizationResponse(
  { searchParams }: URL,
  { state }: { readonly state: string },
  metadata: AuthorizationServerMetadata,
): StepResult<AuthorizationResponse> {
  if (!isSame(searchParams.get('state') ?? '', state)) {
    throw new StepError('state_mismatch', 'the state does not match')
  }
  const refusal = errorIn(searchParams)
  checkIssuer(searchParams, metadata)
  if (refusal !== undefined) {
    throw new StepError(faultOfRefusal(refusal, 'sign_in_refused'), refusal)
  }
  const code = searchParams.get('code')
  if (code === null)
    throw new StepError('sign_in_refused', 'the authorization response has no code')
  const iss = searchParams.get('iss') ?? undefined
  const seen = iss === undefined ? 'without iss' : `iss ${iss}`
  return { value: { code, iss }, seen: `authorization code received, state matches, ${seen}` }
}

/**
 * Checks `iss` of an authorization response, successful or not: it must equal the issuer of the metadata
 * exactly, and must be present if the metadata advertises it (RFC 9207 s2.4). The error of a response
 * without `iss` is shown, because its state identifies this request.
 *
 * @throws StepError `issuer_in_answer` or `issuer_not_in_answer`
 */
export function checkIssuer(
  answer: URLSearchParams,
  metadata: Readonly<Record<string, unknown>> & { readonly issuer: string },
): void {
  const given = answer.getAll('iss')
  const wrong = given.find((iss) => iss !== metadata.issuer)
  if (wrong !== undefined || given.length > 1) {
    throw new StepError(
      'issuer_in_answer',
      `iss is ${wrong ?? 'present twice'}, the issuer of the metadata is ${metadata.issuer}`,
    )
  }
  if (given.length === 1 || metadata[ISS_SUPPORTED] !== true) return
  const error = errorIn(answer)
  throw new StepError(
    'issuer_not_in_answer',
    error === undefined
      ? 'the authorization response has no iss'
      : `the error response has no iss (${error})`,
  )
}

/** Returns the error of an authorization response (RFC 6749 s4.1.2.1); undefined if it has none. */
export function errorIn(answer: URLSearchParams): string | undefined {
  const error = answer.get('error')
  if (error === null) return undefined
  return [error, answer.get('error_description')].filter(Boolean).join(': ')
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}

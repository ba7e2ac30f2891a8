import { setTimeout as sleep } from 'node:timers/promises'
import type { CauseId } from './causes.ts'
import { ask, describe, type Fetch } from './fetch-document.ts'
import { textOf } from './form-sign-in.ts'
import type { LocalTenant } from './local-tenant.ts'
import { StepError } from './step-error.ts'
import { describeAdmission, refusalByWebhook } from './webhook-outcome.ts'

/** A new client that waits to be admitted. */
export interface Waiting {
  readonly clientId: string
  readonly authorizationUrl: URL
  readonly redirectUri: string
  /** Which can tell why; undefined for Auth0, which cannot be looked into from outside. */
  readonly tenant: LocalTenant | undefined
  readonly patienceMs: number
  /** Milliseconds. */
  readonly now: () => number
}

const REFUSALS: readonly (readonly [RegExp, CauseId])[] = [
  [/no connections enabled/i, 'no_connection'],
  [/(rules|hooks) are active/i, 'rules_or_hooks'],
  [/not all requested permissions|invalid_scope/i, 'scopes_refused'],
  [/not authorized to access|client grant|unauthorized_client/i, 'no_grant'],
  [/service not found|invalid_target/i, 'unknown_audience'],
  [/unknown client|invalid_client/i, 'client_unknown'],
  [/too many|rate.?limit/i, 'rate_limited'],
  [/callback|redirect/i, 'redirect_uri_refused'],
  [/access_denied/i, 'access_denied'],
]
/** What a client that log-webhook has not admitted is told; the rest has other reasons. */
const OF_ADMISSION: ReadonlySet<CauseId> = new Set(['no_connection', 'no_grant', 'client_unknown'])
const LOCAL_POLL_MS = 100
// Every try is a request to somebody else's server.
const POLL_MS = 1_000

/**
 * Waits until the authorization server lets the client start a sign-in: it then leads to its sign-in
 * page, and before to an error. Returns what was seen.
 *
 * @throws StepError when that takes too long, or will never be.
 */
export async function waitForAdmission(send: Fetch, waiting: Waiting): Promise<string> {
  const { clientId, tenant, patienceMs, now } = waiting
  const startedAt = now()
  for (;;) {
    const refusal = await startOfSignIn(send, waiting)
    const waitedMs = Math.round(now() - startedAt)
    if (refusal === undefined) {
      const admission = tenant && describeAdmission(await tenant(), clientId)
      const seen = admission ?? 'cannot be seen from outside, but the sign-in may start'
      return `${seen}, after ${waitedMs} ms`
    }
    const cause = causeOfRefusal(refusal, 'not_admitted')
    const isOfAdmission = tenant !== undefined && OF_ADMISSION.has(cause)
    const webhook = isOfAdmission ? refusalByWebhook(await tenant(), clientId) : undefined
    if (webhook?.isFinal || waitedMs >= patienceMs) {
      const id = webhook?.id ?? cause
      const seen = [...(webhook ? [webhook.seen] : []), refusal].join('; ')
      throw new StepError(id, `${seen} (after ${waitedMs} ms)`)
    }
    await sleep(tenant === undefined ? POLL_MS : LOCAL_POLL_MS)
  }
}

/**
 * Checks that a client which exists may start a sign-in. Returns what was seen.
 *
 * @throws StepError
 */
export async function checkClient(
  send: Fetch,
  client: Pick<Waiting, 'authorizationUrl' | 'redirectUri'>,
): Promise<string> {
  const refusal = await startOfSignIn(send, client)
  if (refusal !== undefined) throw new StepError(causeOfRefusal(refusal, 'not_admitted'), refusal)
  return 'skipped (--client-id): the sign-in may start'
}

/** What the authorization endpoint says instead of leading to the sign-in page. */
async function startOfSignIn(
  send: Fetch,
  { authorizationUrl, redirectUri }: Pick<Waiting, 'authorizationUrl' | 'redirectUri'>,
): Promise<string | undefined> {
  const response = await ask(send, authorizationUrl.href)
  const location = response.headers.get('location')
  if (location === null) {
    const page = await response.text()
    return response.ok ? undefined : `${describe(response)}: ${textOf(page)}`
  }
  await response.body?.cancel()
  if (!location.startsWith(redirectUri)) return undefined
  return errorIn(new URL(location).searchParams)
}

/** The error of an authorization response (RFC 6749 s4.1.2.1), if it is one. */
export function errorIn(answer: URLSearchParams): string | undefined {
  const error = answer.get('error')
  if (error === null) return undefined
  return [error, answer.get('error_description')].filter(Boolean).join(': ')
}

/** The cause that an error of the authorization server stands for, if it is one of those known. */
export function causeOfRefusal(refusal: string, otherwise: CauseId): CauseId {
  return REFUSALS.find(([pattern]) => pattern.test(refusal))?.[1] ?? otherwise
}

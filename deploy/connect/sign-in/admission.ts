import { setTimeout as sleep } from 'node:timers/promises'
import type { Fetch } from '../../diagnostics/probe.ts'
import { outcomeOf } from '../../diagnostics/probe-result.ts'
import type { LocalTenant } from '../discovery/local-tenant.ts'
import { sendRequest } from '../discovery/send-request.ts'
import { type ConnectFaultId, faultOfRefusal, StepError } from '../failure.ts'
import { checkIssuer, errorIn } from './authorization-response.ts'
import { textOf } from './form-sign-in.ts'
import type { AuthorizationRequest } from './sign-in.ts'
import { describeAdmission, refusalByWebhook } from './webhook-outcome.ts'

/** A new client that has not been admitted yet. */
export interface Waiting {
  readonly clientId: string
  readonly authorizationUrl: URL
  readonly redirectUri: string
  readonly metadata: AuthorizationRequest['metadata']
  /** Reveals why a client is not admitted; undefined for Auth0, which does not. */
  readonly tenant: LocalTenant | undefined
  readonly limitMs: number
  /** Milliseconds. */
  readonly now: () => number
  /** Called with a line every 5 s, and when the error that prevents the sign-in changes. */
  readonly onWait: (line: string) => void
}

/** The errors of a client that log-webhook has not admitted. */
const ADMISSION_ERRORS: ReadonlySet<ConnectFaultId> = new Set([
  'no_connection',
  'client_grant_missing',
  'client_unknown',
])
/** The state of the admission for each error. */
const STATES: Readonly<Partial<Record<ConnectFaultId, string>>> = {
  no_connection: 'the client has no login connection yet',
  client_grant_missing: 'the client has no client grant for the API yet',
  client_unknown: 'Auth0 does not know the client everywhere yet',
}
const REPEAT_INTERVAL_MS = 5_000
const LOCAL_POLL_MS = 100
// Each attempt is a request to a third-party server.
const POLL_MS = 1_000

/** Why the sign-in cannot start. */
interface Refusal {
  readonly text: string
  /** Set when the error came without the `iss` that the metadata advertises. */
  readonly withoutIss?: StepError
}

/** The response of the authorization endpoint. */
interface SignInProbe {
  /** Undefined if the sign-in may start. */
  readonly refusal?: Refusal
  /** The authorization response, if the server requires no sign-in. */
  readonly answer?: URL
}

/** A client that may start a sign-in. */
export interface Admitted {
  readonly seen: string
  /** The authorization response, of a server that asks for no sign-in. */
  readonly answer?: URL
}

/**
 * Waits until the client may start a sign-in: the authorization endpoint then redirects to the sign-in
 * page instead of an error.
 *
 * @throws StepError if the client is permanently refused, or not admitted in time.
 */
export async function waitForAdmission(send: Fetch, waiting: Waiting): Promise<Admitted> {
  const { clientId, tenant, limitMs, now } = waiting
  const startedAt = now()
  const show = showWaiting(waiting)
  for (;;) {
    const { refusal, answer } = await probeSignIn(send, waiting)
    const waitedMs = Math.round(now() - startedAt)
    if (refusal === undefined) {
      const admission = tenant && describeAdmission(await tenant(), clientId)
      const seen = admission ?? 'not visible from outside, but the sign-in may start'
      return { seen: `${seen}, after ${waitedMs} ms`, ...(answer !== undefined && { answer }) }
    }
    const cause = faultOfRefusal(refusal.text, 'not_admitted')
    const isAdmissionError = tenant !== undefined && ADMISSION_ERRORS.has(cause)
    const webhook = isAdmissionError ? refusalByWebhook(await tenant(), clientId) : undefined
    if (webhook?.isFinal || waitedMs >= limitMs) {
      if (webhook === undefined && refusal.withoutIss) throw refusal.withoutIss
      const seen = [...(webhook ? [webhook.seen] : []), refusal.text].join('; ')
      throw new StepError(webhook?.id ?? cause, `${seen} (after ${waitedMs} ms)`)
    }
    show(refusal.text, cause, waitedMs)
    await sleep(tenant === undefined ? POLL_MS : LOCAL_POLL_MS)
  }
}

/** Reports the error page that a browser would show now, and its meaning. */
function showWaiting({ onWait, limitMs }: Waiting) {
  let last = { text: '', atMs: 0 }
  return (text: string, cause: ConnectFaultId, waitedMs: number): void => {
    if (text === last.text && waitedMs - last.atMs < REPEAT_INTERVAL_MS) return
    last = { text, atMs: waitedMs }
    const state = STATES[cause] ?? 'the sign-in cannot start yet'
    const [seconds, limit] = [waitedMs, limitMs].map((ms) => Math.round(ms / 1_000))
    onWait(`${state}; a browser would show: ${text} (waited ${seconds} of ${limit} s)`)
  }
}

/**
 * Checks that a client that this command did not register may start a sign-in.
 *
 * @throws StepError
 */
export async function checkClient(
  send: Fetch,
  client: Pick<Waiting, 'clientId' | 'authorizationUrl' | 'redirectUri' | 'metadata'>,
  isMetadataDocument: boolean,
): Promise<Omit<Admitted, 'seen'>> {
  const { refusal, ...start } = await probeSignIn(send, client)
  if (refusal === undefined) return start
  const id = faultOfRefusal(refusal.text, 'not_admitted')
  if (refusal.withoutIss !== undefined) throw refusal.withoutIss
  if (id !== 'client_unknown' || !isMetadataDocument) throw new StepError(id, refusal.text)
  const details = { document: client.clientId }
  throw new StepError('cimd_client_missing', refusal.text, { details })
}

/**
 * Requests the sign-in page: the authorization endpoint redirects to it, or returns an error or, without
 * a sign-in, a code.
 *
 * @throws StepError `issuer_in_answer`, which does not change by waiting.
 */
async function probeSignIn(
  send: Fetch,
  {
    authorizationUrl,
    redirectUri,
    metadata,
  }: Pick<Waiting, 'authorizationUrl' | 'redirectUri' | 'metadata'>,
): Promise<SignInProbe> {
  const page = await sendRequest(send, {
    url: authorizationUrl.href,
    headers: { accept: 'text/html' },
  })
  const location = page.headers.get('location')
  if (location === null) {
    const isOk = page.status >= 200 && page.status < 300
    return isOk ? {} : { refusal: { text: `${outcomeOf(page)}: ${textOf(page.text)}` } }
  }
  if (!location.startsWith(redirectUri)) return {}
  const answer = new URL(location)
  const text = errorIn(answer.searchParams)
  if (text === undefined) return answer.searchParams.has('code') ? { answer } : {}
  try {
    checkIssuer(answer.searchParams, metadata)
    return { refusal: { text } }
  } catch (error) {
    if (!(error instanceof StepError) || error.id !== 'issuer_not_in_answer') throw error
    return { refusal: { text, withoutIss: error } }
  }
}

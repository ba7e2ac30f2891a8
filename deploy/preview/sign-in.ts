import { randomUUID } from 'node:crypto'
import { waitForAdmission } from '../connect/admission.ts'
import { readAnswer } from '../connect/authorization-response.ts'
import { startCallback } from '../connect/callback.ts'
import { readAuthorizationServer, readProtectedResource } from '../connect/discovery.ts'
import { exchangeCode } from '../connect/exchange.ts'
import { boundedFetch } from '../connect/fetch-document.ts'
import type { Person } from '../connect/form-sign-in.ts'
import { findLocalTenant } from '../connect/local-tenant.ts'
import { register } from '../connect/registration.ts'
import { prepareSignIn, signInByForms } from '../connect/sign-in.ts'
import { StepError } from '../connect/step-error.ts'

const ADMISSION_MS = 20_000

/**
 * An access token of a person of the local tenant, obtained as `npm run connect` does.
 *
 * @throws StepError when a step fails, or another tenant than the local one is in front of the tools.
 */
export async function signInLocally(url: string, person: Person): Promise<string> {
  const send = boundedFetch(fetch)
  const { value: resource } = await readProtectedResource(send, url)
  const { value: metadata } = await readAuthorizationServer(
    send,
    resource.authorizationServer,
    true,
  )
  const tenant = await findLocalTenant(send, metadata)
  if (tenant === undefined) {
    throw new StepError(
      'sign_in_refused',
      'only the local tenant can be signed in to: give --token',
    )
  }
  await using callback = await startCallback(0)
  const { redirectUri } = callback
  const { value: clientId } = await register(send, metadata, redirectUri)
  const request = { metadata, resource, clientId, redirectUri, state: randomUUID() }
  const authorization = await prepareSignIn(request)
  const authorizationUrl = authorization.url
  const waiting = { ...request, authorizationUrl, tenant, patienceMs: ADMISSION_MS, now: Date.now }
  await waitForAdmission(send, waiting)
  const at = await signInByForms(send, authorization, person)
  const { value: answer } = readAnswer(at, authorization, metadata)
  return exchangeCode(send, request, authorization, answer)
}

import {
  type AuthorizationServerMetadata,
  RegistrationRejectedError,
  registerClient,
} from '@modelcontextprotocol/client'
import { z } from 'zod'
import type { CauseId } from './causes.ts'
import type { Fetch } from './fetch-document.ts'
import type { Found } from './step.ts'
import { StepError } from './step-error.ts'

const MAX_SEEN_CHARACTERS = 200

/** RFC 7591 s3.2.2, or as Auth0's Management API words its errors. */
const refusal = z.object({
  error: z.string().optional(),
  errorCode: z.string().optional(),
  error_description: z.string().optional(),
  message: z.string().optional(),
})

const BY_CODE: Readonly<Record<string, CauseId>> = {
  invalid_redirect_uri: 'redirect_uri_refused',
  endpoint_disabled: 'registration_closed',
  too_many_entities: 'too_many_clients',
  temporarily_unavailable: 'registration_unavailable',
}
const BY_STATUS: Readonly<Record<number, CauseId>> = {
  403: 'registration_closed',
  404: 'registration_closed',
  429: 'rate_limited',
  503: 'registration_unavailable',
}

/** The client metadata (RFC 7591 s2) with which ChatGPT registers. */
export function chatGptMetadata(redirectUri: string) {
  return {
    client_name: 'ChatGPT',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  }
}

/** Registers a client as ChatGPT does, and returns its id. */
export async function register(
  send: Fetch,
  metadata: AuthorizationServerMetadata,
  redirectUri: string,
): Promise<Found<string>> {
  try {
    const { client_id: clientId } = await registerClient(metadata.issuer, {
      metadata,
      clientMetadata: chatGptMetadata(redirectUri),
      fetchFn: send,
    })
    return { value: clientId, seen: `${clientId}, redirect URI ${redirectUri}` }
  } catch (error) {
    if (error instanceof StepError) throw error
    throw registrationError(error, metadata.registration_endpoint ?? '')
  }
}

function registrationError(error: unknown, endpoint: string): StepError {
  const post = `POST ${endpoint}:`
  if (!(error instanceof RegistrationRejectedError)) {
    return new StepError('registration_refused', `${post} the answer is no client`)
  }
  const { status, body } = error
  const said = parse(body)
  const codes = [said.errorCode, said.error].filter((code) => code !== undefined)
  const id = codes.map((code) => BY_CODE[code]).find(Boolean) ?? BY_STATUS[status]
  const words = [...codes.slice(0, 1), said.error_description ?? said.message].filter(Boolean)
  const seen = [`HTTP ${status}`, ...words].join(': ').slice(0, MAX_SEEN_CHARACTERS)
  return new StepError(id ?? 'registration_refused', `${post} ${seen}`)
}

function parse(body: string): z.infer<typeof refusal> {
  try {
    return refusal.catch({}).parse(JSON.parse(body))
  } catch {
    return {}
  }
}

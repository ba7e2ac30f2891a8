import {
  type AuthorizationServerMetadata,
  type OAuthClientInformationFull,
  RegistrationRejectedError,
  registerClient,
} from '@modelcontextprotocol/client'
import { z } from 'zod'
import { isLoopback } from '../../../shared/config.ts'
import type { Fetch } from '../../diagnostics/probe.ts'
import { reportingFetch } from '../discovery/send-request.ts'
import { type ConnectFaultId, StepError } from '../failure.ts'
import type { Imitation } from './imitations.ts'

const MAX_SEEN_CHARACTERS = 200
const AUTH_METHODS = ['none', 'client_secret_post', 'client_secret_basic']

/** An error of RFC 7591 s3.2.2, or of Auth0's Management API. */
const refusal = z.object({
  error: z.string().optional(),
  errorCode: z.string().optional(),
  error_description: z.string().optional(),
  message: z.string().optional(),
})

const FAULT_BY_CODE: Readonly<Record<string, ConnectFaultId>> = {
  invalid_redirect_uri: 'redirect_uri_refused',
  endpoint_disabled: 'registration_closed',
  too_many_entities: 'application_limit_reached',
  temporarily_unavailable: 'registration_unavailable',
}
const FAULT_BY_STATUS: Readonly<Record<number, ConnectFaultId>> = {
  403: 'registration_closed',
  404: 'registration_closed',
  429: 'rate_limited',
  503: 'registration_unavailable',
}

/** Returns ChatGPT's client metadata (RFC 7591 s2). */
export function chatGptMetadata(redirectUri: string) {
  return {
    client_name: 'ChatGPT',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: isLoopback(new URL(redirectUri).hostname) ? 'native' : 'web',
  }
}

/** The input of a registration. */
export interface Registrant {
  /** The client to imitate; default ChatGPT. */
  readonly imitation: Imitation | undefined
  readonly redirectUris: readonly string[]
  /** The redirect URI of the sign-in. */
  readonly redirectUri: string
  readonly scopes: readonly string[]
}

/**
 * Registers a client, and returns the client information response.
 *
 * @throws StepError
 */
export async function register(
  send: Fetch,
  metadata: AuthorizationServerMetadata,
  registrant: Registrant,
): Promise<OAuthClientInformationFull> {
  try {
    return await registerClient(metadata.issuer, {
      metadata,
      clientMetadata: clientMetadata(metadata, registrant),
      fetchFn: reportingFetch(send),
    })
  } catch (error) {
    if (error instanceof StepError) throw error
    throw registrationError(error, metadata.registration_endpoint ?? '')
  }
}

function clientMetadata(
  { grant_types_supported, token_endpoint_auth_methods_supported }: AuthorizationServerMetadata,
  { imitation, redirectUris, redirectUri, scopes }: Registrant,
) {
  const base = { ...chatGptMetadata(redirectUri), ...imitation?.registration }
  const isSupported = (grant: string) => grant_types_supported?.includes(grant) ?? true
  const { registersSupportedGrantTypes = false, registersScope = false } = imitation ?? {}
  return {
    ...base,
    redirect_uris: [...redirectUris],
    ...(registersSupportedGrantTypes && { grant_types: base.grant_types.filter(isSupported) }),
    token_endpoint_auth_method: authMethod(token_endpoint_auth_methods_supported),
    ...(registersScope && scopes.length > 0 && { scope: scopes.join(' ') }),
  }
}

/** Registers a public client, unless the authorization server does not support it. */
function authMethod(supported: readonly string[] = ['none']): string {
  return AUTH_METHODS.find((method) => supported.includes(method)) ?? 'none'
}

function registrationError(error: unknown, endpoint: string): StepError {
  const post = `POST ${endpoint}:`
  if (!(error instanceof RegistrationRejectedError)) {
    return new StepError('registration_refused', `${post} the response is not a client`)
  }
  const { status, body } = error
  const answer = parse(body)
  const codes = [answer.errorCode, answer.error].filter((code) => code !== undefined)
  const id = codes.map((code) => FAULT_BY_CODE[code]).find(Boolean) ?? FAULT_BY_STATUS[status]
  const words = [...codes.slice(0, 1), answer.error_description ?? answer.message].filter(Boolean)
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

import type {
  OAuthClientProvider,
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from '@modelcontextprotocol/client'
import { chatGptMetadata } from '../../deploy/connect/client/registration.ts'
import { type Person, signIn } from '../../deploy/connect/sign-in/form-sign-in.ts'
import { adminOf, type Tenant } from './auth0/tenant-admin.ts'

/** A client that registers itself as ChatGPT does, with its user. */
export interface ChatGpt {
  /** For the transports of both MCP SDKs. */
  readonly provider: OAuthClientProvider
  readonly clientId: () => string
  readonly accessToken: () => string
  /** Deletes the tokens, so that the same client signs in again, as for a step-up. */
  readonly forgetTokens: () => void
  /** Signs the user in at the authorization URL of the provider. Returns the callback URL. */
  readonly authorize: () => Promise<URL>
}

export interface ChatGptOptions {
  readonly tenant: Tenant
  readonly person: Person
  readonly redirectUri?: string
  /** False = sign in without waiting for the admission of the client. */
  readonly waitForAdmission?: boolean
}

const REDIRECT_URI = 'https://chatgpt.com/connector/oauth/abc123XYZ'

export function createChatGpt({
  tenant,
  person,
  redirectUri = REDIRECT_URI,
  waitForAdmission = true,
}: ChatGptOptions): ChatGpt {
  let client: StoredOAuthClientInformation | undefined
  let tokens: StoredOAuthTokens | undefined
  let discovery: OAuthDiscoveryState | undefined
  let verifier = ''
  let authorizationUrl: URL | undefined
  const provider: OAuthClientProvider = {
    redirectUrl: redirectUri,
    clientMetadata: chatGptMetadata(redirectUri),
    state: () => 'state-of-the-connector',
    clientInformation: () => client,
    saveClientInformation: (saved) => {
      client = saved
    },
    tokens: () => tokens,
    saveTokens: (saved) => {
      tokens = saved
    },
    saveCodeVerifier: (saved) => {
      verifier = saved
    },
    codeVerifier: () => verifier,
    saveDiscoveryState: (saved) => {
      discovery = saved
    },
    discoveryState: () => discovery,
    redirectToAuthorization: (url) => {
      authorizationUrl = url
    },
  }
  const clientId = () => client?.client_id ?? ''
  return {
    provider,
    clientId,
    accessToken: () => tokens?.access_token ?? '',
    forgetTokens: () => {
      tokens = undefined
    },
    authorize: async () => {
      if (authorizationUrl === undefined) throw new Error('no sign-in was requested')
      if (waitForAdmission) await adminOf(tenant).admitted(clientId())
      return signIn(authorizationUrl, redirectUri, person)
    },
  }
}

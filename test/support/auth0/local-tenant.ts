import { createHash, randomBytes } from 'node:crypto'
import { type Management, ManagementClient, ManagementError } from 'auth0'
import { afterAll, beforeEach } from 'vitest'
import { StuckError, signIn } from '../../../deploy/connect/sign-in/form-sign-in.ts'
import { type EmulatorOptions, startEmulator } from '../../../deploy/emulator/emulator.ts'
import { ALICE } from '../people.ts'
import { adminOf } from './tenant-admin.ts'

export const AUDIENCE = 'https://api.example/mcp'
export const CALLBACK = 'https://chatgpt.com/connector/oauth/abc123XYZ'
const MANAGEMENT = { clientId: 'management', clientSecret: 'secret-of-the-management-client' }

export interface Tokens {
  readonly access_token: string
  readonly refresh_token?: string
  readonly scope?: string
}

/** Additional parameters of an authorization request; an empty string removes a parameter. */
export type Asked = Readonly<Record<string, string>>

export type LocalTenant = Awaited<ReturnType<typeof startLocalTenant>>

/** Starts only the Auth0 emulator, with two users, one API and a client of the Management API. */
export async function startLocalTenant(options: Partial<EmulatorOptions> = {}) {
  const tenant = await startEmulator({
    port: 0,
    audience: AUDIENCE,
    scopes: [
      { value: 'events:read', description: 'Read events' },
      { value: 'events:write', description: 'Write events' },
    ],
    users: [person('alice', ['events:read', 'events:write']), person('bob', ['events:read'])],
    connections: ['google-oauth2'],
    management: MANAGEMENT,
    ...options,
  })
  const { issuer, port } = tenant
  const credentials = options.management ?? MANAGEMENT
  const management = new ManagementClient({
    domain: `localhost:${port}`,
    ...credentials,
    maxRetries: 0,
    telemetry: false,
    fetch: (input, init) => fetch(String(input).replace('https:', 'http:'), init ?? {}),
  })

  const register = (metadata: object = {}) =>
    fetch(`${issuer}oidc/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: 'ChatGPT',
        redirect_uris: [CALLBACK],
        token_endpoint_auth_method: 'none',
        ...metadata,
      }),
    })
  /** Registers a client and returns its id. */
  const registered = async (metadata: object = {}): Promise<string> => {
    const response = await register(metadata)
    const answer = (await response.json()) as { client_id: string }
    if (response.status !== 201) throw new Error(`not registered: ${JSON.stringify(answer)}`)
    return answer.client_id
  }
  const connection = async () => {
    const { data } = await management.connections.list({ name: 'google-oauth2' })
    return data[0]?.id ?? ''
  }
  /** Admits a strict client, as log-webhook does. */
  const admit = async (clientId: string, scope = ['events:read', 'events:write']) => {
    const grant = { client_id: clientId, audience: AUDIENCE, scope, subject_type: 'user' } as const
    await management.clientGrants.create(grant)
    await management.connections.update(await connection(), { is_domain_connection: true })
  }
  const exchange = (form: Asked) =>
    fetch(`${issuer}oauth/token`, { method: 'POST', body: new URLSearchParams(form) })

  /**
   * Signs a user in.
   *
   * @throws StuckError with the tenant's page if the sign-in does not end at the callback.
   */
  const authorize = async (clientId: string, asked: Asked = {}, who = ALICE, send = fetch) => {
    const verifier = randomBytes(32).toString('base64url')
    const url = new URL(`${issuer}authorize`)
    url.search = new URLSearchParams({
      client_id: clientId,
      redirect_uri: CALLBACK,
      response_type: 'code',
      scope: 'events:read events:write offline_access',
      resource: AUDIENCE,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      state: 'a-state',
      ...asked,
    }).toString()
    for (const [name, value] of Object.entries(asked)) {
      if (value === '') url.searchParams.delete(name)
    }
    return { returned: await signIn(url, CALLBACK, who, send), verifier }
  }
  /** Signs a user in and returns the tokens. */
  const connect = async (clientId: string, asked: Asked = {}, who = ALICE, send = fetch) => {
    const { returned, verifier } = await authorize(clientId, asked, who, send)
    const response = await exchange({
      grant_type: 'authorization_code',
      client_id: clientId,
      redirect_uri: CALLBACK,
      code: returned.searchParams.get('code') ?? '',
      code_verifier: verifier,
    })
    if (!response.ok) throw new Error(`no tokens: ${await response.text()}`)
    return (await response.json()) as Tokens
  }
  const refresh = (clientId: string, { refresh_token = '' }: Tokens) =>
    exchange({ grant_type: 'refresh_token', client_id: clientId, refresh_token })

  const admin = adminOf(tenant)
  // The tests call more often than Auth0 allows.
  const reset = (change: object = {}) =>
    admin.change({ reset: true, management: { callsPerSecond: 1_000_000 }, ...change })
  await reset()

  return {
    ...tenant,
    management,
    admin,
    reset,
    register,
    registered,
    admit,
    connection,
    authorize,
    connect,
    refresh,
    exchange,
    /** The API of this system. */
    api: async (): Promise<Management.ResourceServer & { readonly id: string }> => {
      const { data } = await management.resourceServers.list({ identifiers: AUDIENCE })
      return { ...data[0], id: data[0]?.id ?? '' }
    },
  }
}

function person(name: string, permissions: readonly string[]) {
  const email = `${name}@example.com`
  return { email, password: 'password', userId: `auth0|${name}`, permissions }
}

/** The alert on the tenant's page at which a sign-in stops. */
export async function alertOf(signingIn: Promise<unknown>): Promise<string> {
  try {
    await signingIn
  } catch (error) {
    if (!(error instanceof StuckError)) throw error
    const alert = /<p role="alert">(.*?)<\/p>/s.exec(error.page)?.[1] ?? ''
    return alert.replaceAll(/<[^>]*>/g, '').replaceAll('&quot;', '"')
  }
  throw new Error('the sign-in came to its end')
}

/** The error body of a failed call of the Management API. */
export async function refusal(call: PromiseLike<unknown>): Promise<unknown> {
  try {
    await call
  } catch (error) {
    if (error instanceof ManagementError) return error.body
    throw error
  }
  throw new Error('the call was not refused')
}

/** Starts a tenant that is reset before each test of the calling file and closed after the last. */
export async function tenantForThisFile(): Promise<LocalTenant> {
  const tenant = await startLocalTenant()
  beforeEach(() => tenant.reset())
  afterAll(() => tenant.close())
  return tenant
}

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Faults } from '../../../deploy/emulator/control/faults.ts'
import type { TenantClient } from '../../../deploy/emulator/state.ts'
import type { ManagementApi } from './management-api.ts'

/** `POST /oidc/register` of the emulator that a test has started by `startManagementApi`. */
export interface RegistrationEndpoint extends AsyncDisposable {
  /** OAUTH_ISSUER. */
  readonly issuer: string
  /** The parsed body of each request. */
  readonly requests: unknown[]
  readonly setMode: (mode: 'strict' | 'permissive') => void
  readonly stage: (change: Partial<Faults['registration']>) => void
  /** Changes each client that registers from now on, regardless of its request. */
  readonly changeClients: (change: (client: TenantClient) => TenantClient) => void
}

export function registrationEndpoint({ issuer, state }: ManagementApi): RegistrationEndpoint {
  const requests: unknown[] = []
  let change = (client: TenantClient) => client
  const record = (message: unknown) => {
    const request = message as { readonly issuer: string; readonly body: unknown }
    if (request.issuer === issuer) requests.push(request.body)
  }
  const onRegistered = (message: unknown) => {
    const { clientId, ...about } = message as { readonly issuer: string; readonly clientId: string }
    const client = state.clients.get(clientId)
    if (about.issuer === issuer && client !== undefined) state.clients.set(clientId, change(client))
  }
  subscribe('auth0-emulator:registration', record)
  subscribe('auth0-emulator:registered', onRegistered)
  return {
    issuer,
    requests,
    setMode: (mode) => {
      state.mode = mode
    },
    stage: (staged) => {
      const registration = { ...state.faults.registration, ...staged }
      state.faults = { ...state.faults, registration }
    },
    changeClients: (changed) => {
      change = changed
    },
    [Symbol.asyncDispose]: async () => {
      unsubscribe('auth0-emulator:registration', record)
      unsubscribe('auth0-emulator:registered', onRegistered)
    },
  }
}

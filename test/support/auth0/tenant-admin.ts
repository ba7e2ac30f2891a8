import { setTimeout as sleep } from 'node:timers/promises'

export interface Tenant {
  readonly issuer: string
}

/** `GET /__tenant`, as far as tests read it. */
export interface TenantState {
  readonly mode: 'strict' | 'permissive'
  readonly clients: readonly {
    readonly client_id: string
    readonly is_first_party?: boolean
    readonly name?: string
  }[]
  readonly connections: readonly {
    readonly id: string
    readonly name: string
    readonly is_domain_connection?: boolean
    readonly enabled_clients: readonly string[]
  }[]
  readonly clientGrants: readonly { readonly client_id?: string; readonly audience: string }[]
  readonly logStreams: readonly { readonly name: string }[]
  readonly logStream: { readonly deliveries: readonly { readonly status: number | null }[] }
  readonly resourceServers: readonly { readonly identifier: string }[]
  /** How often the Management API was called, and how many tokens it gave out. */
  readonly managementCalls: number
  readonly managementTokens: number
}

/** Stages trouble in the Auth0 emulator through its own endpoint, as a person would. */
export function adminOf({ issuer }: Tenant) {
  const state = async (): Promise<TenantState> => {
    const response = await fetch(`${issuer}__tenant`)
    return (await response.json()) as TenantState
  }
  /** A text without the tenant's client ids: they are random, and may hold what begins a token. */
  const withoutClientIds = async (text: string): Promise<string> => {
    const { clients } = await state()
    return clients.reduce((rest, { client_id }) => rest.replaceAll(client_id, ''), text)
  }
  const isAdmitted = async (clientId: string): Promise<boolean> => {
    const { clients, connections, clientGrants } = await state()
    const client = clients.find((candidate) => candidate.client_id === clientId)
    if (clientId.startsWith('tpc_')) {
      return (
        clientGrants.some((grant) => grant.client_id === clientId) &&
        connections.some((connection) => connection.is_domain_connection === true)
      )
    }
    return (
      client?.is_first_party === true &&
      connections.some((connection) => connection.enabled_clients.includes(clientId))
    )
  }
  return {
    state,
    isAdmitted,
    withoutClientIds,
    change: async (change: Readonly<Record<string, unknown>>): Promise<void> => {
      const response = await fetch(`${issuer}__tenant`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(change),
      })
      if (!response.ok) throw new Error(`the tenant refused: ${await response.text()}`)
    },
    /** Waits until the log webhook has admitted the client. */
    admitted: (clientId: string) => until(() => isAdmitted(clientId), `${clientId} is admitted`),
  }
}

/** Waits until something holds, 10 s at most. */
export async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; await sleep(25)) {
    if (await holds()) return
  }
  throw new Error(`not within 120 s: ${what}`)
}

import { setTimeout as sleep } from 'node:timers/promises'

export interface Tenant {
  readonly issuer: string
}

/** The part of `GET /__tenant` that tests read. */
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
  /** The numbers of Management API calls and of issued Management API tokens. */
  readonly managementCalls: number
  readonly managementTokens: number
}

/** Injects faults in the Auth0 emulator by `POST /__tenant`. */
export function adminOf({ issuer }: Tenant) {
  const state = async (): Promise<TenantState> => {
    const response = await fetch(`${issuer}__tenant`)
    return (await response.json()) as TenantState
  }
  /** A text without client ids, which are random and may contain the beginning of a token. */
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

/** Waits until a condition holds, at most 10 s. */
export async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; await sleep(25)) {
    if (await holds()) return
  }
  throw new Error(`not within 120 s: ${what}`)
}

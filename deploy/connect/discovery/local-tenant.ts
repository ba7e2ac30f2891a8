import type { AuthorizationServerMetadata } from '@modelcontextprotocol/client'
import { z } from 'zod'
import { isLoopback } from '../../../shared/config.ts'
import { parseJson } from '../../../shared/json.ts'
import type { Fetch } from '../../diagnostics/probe.ts'
import { StepError } from '../failure.ts'
import { ask } from './ask.ts'

/** The response of log-webhook to a delivery; any other response has no records. */
const answer = z
  .object({
    records: z.array(
      z.object({
        client_id: z.string().optional(),
        outcome: z.string(),
        reason: z.string().optional(),
        way: z.string().optional(),
      }),
    ),
  })
  .catch({ records: [] })

/** `GET /__tenant`, as far as a connection reads it. */
const tenantState = z.object({
  clients: z.array(
    z.object({
      client_id: z.string(),
      callbacks: z.array(z.string()).default([]),
      is_first_party: z.boolean().default(false),
    }),
  ),
  connections: z.array(
    z.object({
      name: z.string(),
      is_domain_connection: z.boolean().default(false),
      enabled_clients: z.array(z.string()),
    }),
  ),
  clientGrants: z.array(
    z.object({
      client_id: z.string().optional(),
      default_for: z.string().optional(),
      scope: z.array(z.string()).default([]),
    }),
  ),
  logStream: z.object({
    deliveries: z.array(z.object({ status: z.number().nullable(), answer })),
  }),
})

export type LocalTenantState = z.infer<typeof tenantState>

/** The Auth0 emulator of `npm start`, which shows its state. */
export type LocalTenant = () => Promise<LocalTenantState>

/**
 * The Auth0 emulator that serves these endpoints, which the gateway's own metadata may name too;
 * undefined for any other authorization server. No request leaves this machine.
 */
export async function findLocalTenant(
  send: Fetch,
  { token_endpoint }: AuthorizationServerMetadata,
): Promise<LocalTenant | undefined> {
  const endpoint = new URL(token_endpoint)
  if (!isLoopback(endpoint.hostname)) return undefined
  const url = new URL('/__tenant', endpoint).href
  const read = async () => {
    const { status, text } = await ask(send, { url })
    return tenantState.safeParse(status === 200 ? parseJson(text)?.value : {})
  }
  const isThere = await read().then(
    ({ success }) => success,
    () => false,
  )
  if (!isThere) return undefined
  return async () => {
    const { data } = await read()
    if (data === undefined) throw new StepError('url_unreachable', `${url} has no state`)
    return data
  }
}

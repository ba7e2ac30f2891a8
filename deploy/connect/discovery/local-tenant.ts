import type { AuthorizationServerMetadata } from '@modelcontextprotocol/client'
import { z } from 'zod'
import { isLoopback } from '../../../shared/config.ts'
import { parseJson } from '../../../shared/json.ts'
import type { Fetch } from '../../diagnostics/probe.ts'
import { StepError } from '../failure.ts'
import { sendRequest } from './send-request.ts'

/** The response of log-webhook to a delivery; other responses count as having no records. */
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

/** The parts of `GET /__tenant` that a connection reads. */
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

/** Reads the state of the Auth0 emulator of `npm start`. */
export type LocalTenant = () => Promise<LocalTenantState>

/**
 * Returns the Auth0 emulator if it serves these endpoints; undefined for any other authorization
 * server. Sends requests only to this machine.
 */
export async function findLocalTenant(
  send: Fetch,
  { token_endpoint }: AuthorizationServerMetadata,
): Promise<LocalTenant | undefined> {
  const endpoint = new URL(token_endpoint)
  if (!isLoopback(endpoint.hostname)) return undefined
  const url = new URL('/__tenant', endpoint).href
  const read = async () => {
    const { status, text } = await sendRequest(send, { url })
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

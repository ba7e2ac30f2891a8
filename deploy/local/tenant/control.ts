import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { isLoopback } from '../../../shared/config.ts'
import { readJson, sendJson, TenantError } from './http.ts'
import type { LogStream } from './log-stream.ts'
import type { TenantState } from './state.ts'

const change = z.strictObject({
  mode: z.enum(['strict', 'permissive']).optional(),
  outage: z.boolean().optional(),
  rotateKeys: z.literal(true).optional(),
  logStream: z
    .strictObject({
      format: z.enum(['JSONLINES', 'JSONARRAY', 'JSONOBJECT']).optional(),
      delayMs: z.int().min(0).max(600_000).optional(),
      paused: z.boolean().optional(),
      redeliver: z.literal(true).optional(),
    })
    .optional(),
})

export interface ControlOptions {
  readonly state: TenantState
  readonly logStream: LogStream
  readonly rotateKeys: () => Promise<void>
}

/** `/__tenant`: GET shows the tenant's state, POST stages trouble. */
export function createControl({ state, logStream, rotateKeys }: ControlOptions) {
  const apply = async (given: unknown) => {
    const parsed = change.safeParse(given)
    if (!parsed.success) {
      const faults = parsed.error.issues.map(
        ({ path, message }) => `${path.join('.') || 'body'}: ${message}`,
      )
      throw new TenantError(400, 'invalid_body', faults.join('; '))
    }
    const { mode, outage, rotateKeys: rotate, logStream: stream } = parsed.data
    if (mode !== undefined && mode !== state.mode) changeMode(state, mode)
    if (outage !== undefined) state.outage = outage
    if (rotate === true) await rotateKeys()
    const { redeliver, ...settings } = stream ?? {}
    logStream.change(withoutUndefined(settings))
    if (redeliver === true) logStream.redeliver()
  }

  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    try {
      // A page elsewhere must not move this machine's tenant.
      const { origin } = req.headers
      if (origin !== undefined && !isLoopback(hostnameOf(origin))) {
        throw new TenantError(403, 'forbidden', 'This Origin is not allowed here')
      }
      if (req.method === 'POST') await apply(await readJson(req))
      else if (req.method !== 'GET') {
        throw new TenantError(405, 'method_not_allowed', 'GET shows the state, POST changes it')
      }
      sendJson(res, 200, show(state, logStream))
    } catch (error) {
      if (!(error instanceof TenantError)) throw error
      sendJson(res, error.status, { error: error.errorCode, message: error.message })
    }
  }
}

/**
 * A tenant of the other kind as it is found: with connections shared with third-party clients in
 * strict mode, every permissive client could sign people in without anybody's doing.
 */
function changeMode(state: TenantState, mode: TenantState['mode']): void {
  state.mode = mode
  for (const connection of state.connections) connection.isDomainConnection = false
}

/** A member that is not there leaves a setting as it is, one that is undefined would unset it. */
function withoutUndefined<Value extends object>(value: Value) {
  const given = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(given) as { [Name in keyof Value]?: Exclude<Value[Name], undefined> }
}

function hostnameOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).hostname : ''
}

function show(state: TenantState, logStream: LogStream) {
  return {
    issuer: state.issuer,
    mode: state.mode,
    outage: state.outage,
    audience: state.audience,
    keys: state.keys.map(({ kid }) => kid),
    users: state.users.map(({ email, userId, permissions }) => ({ email, userId, permissions })),
    clients: [...state.clients.values()].map(({ client_secret: _, ...client }) => client),
    connections: state.connections.map(({ id, name, isDomainConnection, enabledClients }) => ({
      id,
      name,
      is_domain_connection: isDomainConnection,
      enabled_clients: [...enabledClients],
    })),
    clientGrants: [...state.grants.values()],
    logStream: {
      url: logStream.target()?.url,
      ...logStream.settings(),
      deliveries: logStream.deliveries,
    },
  }
}

import { expect } from 'vitest'
import type { BackendCall } from '../http/backend.ts'
import { type Answer, handshakeMessage, type SendOptions, type Served } from '../http/serve.ts'
import { bearer, callOf, post } from './mcp.ts'
import { callTool } from './rest.ts'
import type { GatewayStack } from './stack.ts'

type Json = Readonly<Record<string, unknown>>

/** Calls through the gateway of a stack, and the calls that its backend received. */
export interface BackendCalls {
  /** Calls `listEvents` over REST, as a user with these claims. */
  readonly callListEvents: (served: Served, args?: Json, claims?: Json) => Promise<Answer>
  /** Calls `listEvents` over MCP, as a user. */
  readonly callListEventsByMcp: (
    served: Served,
    headers?: SendOptions['headers'],
  ) => Promise<Answer>
  /** The only call that the backend received. Fails the test if there is not exactly one. */
  readonly onlyCall: () => BackendCall
}

export function backendCalls({ issuer, backend }: GatewayStack): BackendCalls {
  return {
    callListEvents: async (served, args = {}, claims) =>
      callTool(served, 'listEvents', args, bearer(await issuer.token(claims))),
    callListEventsByMcp: async (served, headers = {}) => {
      const message = handshakeMessage('tools/call', { name: 'listEvents' })
      return post(served, message, { ...headers, ...bearer(await issuer.token()) })
    },
    onlyCall: () => onlyOf(backend.calls),
  }
}

/** The only call in the list. Fails the test if there is not exactly one. */
export function onlyOf<Call>(calls: readonly Call[]): Call {
  expect(calls).toHaveLength(1)
  return calls[0] ?? expect.fail('no call')
}

/** Calls the public tool over MCP. */
export function callAbout(served: Served, headers: SendOptions['headers'] = {}): Promise<Answer> {
  return post(served, callOf('about'), headers)
}

/** The reason in each `tool_answered` record, in order. */
export function reasonsIn({ lines }: Served): unknown[] {
  return lines.filter(({ message }) => message === 'tool_answered').map(({ reason }) => reason)
}

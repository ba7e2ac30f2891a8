import type { ClientName } from './packages.ts'
import type { Machine } from './stack.ts'

/** The server and the machine of a client. */
export interface Place {
  /** The MCP endpoint. */
  readonly url: string
  readonly machine: Machine
}

/** A client that is set up for one server on one machine. */
export interface RunningClient extends AsyncDisposable {
  /** Calls a tool. Returns all output of the client, whether a result or an error. */
  readonly call: (tool: string, args?: Readonly<Record<string, unknown>>) => Promise<string>
  /** Signs in again with the command of the client. */
  readonly signIn?: () => Promise<void>
}

export interface RealClient {
  readonly name: ClientName
  /** Configures the client, and signs in if that is a separate step. */
  readonly start: (place: Place) => Promise<RunningClient>
  readonly manners: Manners
}

/** Observed differences between clients. */
export interface Manners {
  /** The number of sign-in windows after an access token expired. 0 = the client refreshes it. */
  readonly windowsAtExpiry: 0 | 1
  /** The number of sign-in windows before a call of a public tool. */
  readonly windowsAtPublicTool: 0 | 1
  /** The output for a protected tool beside a public one, if the client does not sign in for it. */
  readonly refusalBesidePublicTool?: string
  /**
   * The reaction to a missing scope for which the user has the permission: the client signs in and repeats
   * the call, or shows a text and requires `signIn`.
   */
  readonly stepUp: 'by itself' | { readonly shows: string; readonly windows: 1 | 2 }
}

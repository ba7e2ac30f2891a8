import type { ClientName } from './packages.ts'
import type { Machine } from './stack.ts'

/** Where a client is started. */
export interface Place {
  /** The MCP endpoint. */
  readonly url: string
  readonly machine: Machine
}

/** A client that is set up for one server on one machine. */
export interface RunningClient extends AsyncDisposable {
  /** Calls a tool; returns all that the client shows of it, be it a result or an error. */
  readonly call: (tool: string, args?: Readonly<Record<string, unknown>>) => Promise<string>
  /** Signs in anew by the command that the client has for it. */
  readonly signIn?: () => Promise<void>
}

export interface RealClient {
  readonly name: ClientName
  /** Sets it up, with the sign-in where that is a step of its own. */
  readonly start: (place: Place) => Promise<RunningClient>
  readonly manners: Manners
}

/** In what clients differ, as seen. */
export interface Manners {
  /** Sign-in windows that an expired access token costs: 0 = it refreshes. */
  readonly windowsAtExpiry: 0 | 1
  /** Sign-in windows before it calls a public tool. */
  readonly windowsAtPublicTool: 0 | 1
  /** What it shows of a protected tool beside a public one when it does not sign in for it. */
  readonly refusalBesidePublicTool?: string
  /**
   * What it does about a call whose scope the token lacks although the person has the permission:
   * sign in and call again by itself, or show a text and wait for its `signIn`.
   */
  readonly stepUp: 'by itself' | { readonly shows: string; readonly windows: 1 | 2 }
}

import type { Fetch } from './fetch-document.ts'
import type { Person } from './form-sign-in.ts'
import type { Step } from './step.ts'

/** What a connection is made with: the deployment, the person, and how the world is reached. */
export interface ConnectOptions {
  /** The MCP endpoint. */
  readonly url: string
  /** Who signs in at the local tenant. */
  readonly person: Person
  /** A client that exists: nothing is registered. */
  readonly clientId?: string | undefined
  /** Where the browser comes back to; 0, the default, = any port that is free. */
  readonly callbackPort?: number
  readonly onStep: (step: Step) => void
  /** Shows a person the sign-in page. */
  readonly openBrowser: (url: string) => void
  readonly fetch?: Fetch
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** How long a new client may take to be admitted, in milliseconds; default 20 s. */
  readonly admissionMs?: number
  /** How long a person may take to sign in, in milliseconds; default 5 minutes. */
  readonly signInMs?: number
}

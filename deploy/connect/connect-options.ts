import type { Fetch } from '../diagnostics/probe.ts'
import type { Imitation } from './client/imitations.ts'
import type { Person } from './sign-in/form-sign-in.ts'
import type { Step } from './step.ts'

/** What a connection is made with. */
export interface ConnectOptions {
  /** The MCP endpoint. */
  readonly url: string
  /** Who signs in at the local tenant. */
  readonly person: Person
  /** An existing client; nothing is registered. */
  readonly clientId?: string | undefined
  /** The secret of that client, if it has one. */
  readonly clientSecret?: string | undefined
  /** A redirect URI of that client, or of the imitated one, that is not on this machine. */
  readonly redirectUri?: string | undefined
  /** The port of the callback on this machine; default that of the imitated client, or any. */
  readonly callbackPort?: number | undefined
  /** The client to imitate; by default as ChatGPT, with a callback on this machine. */
  readonly imitation?: Imitation | undefined
  /** Accepts an access token that is not a JWT, as other servers may issue. */
  readonly takesOpaqueToken?: boolean
  readonly onStep: (step: Step) => void
  /** Called with a line of progress while a new client waits to be admitted. */
  readonly onWait?: (line: string) => void
  /** Shows the user the sign-in page. */
  readonly openBrowser: (url: string) => void
  /** The address of the last page in the browser, as the user pastes it. */
  readonly askForAddress?: () => Promise<string>
  readonly fetch?: Fetch
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** How long a new client may take to be admitted, in milliseconds; default 20 s. */
  readonly admissionMs?: number
  /** How long a user may take to sign in, in milliseconds; default 5 minutes. */
  readonly signInMs?: number
}

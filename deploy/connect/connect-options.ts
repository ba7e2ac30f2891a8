import type { Fetch } from '../diagnostics/probe.ts'
import type { Imitation } from './client/imitations.ts'
import type { Person } from './sign-in/form-sign-in.ts'
import type { ConnectStep } from './step.ts'
import type { ToolCall } from './tools.ts'

/** The options of a connection. */
export interface ConnectOptions {
  /** The MCP endpoint. */
  readonly url: string
  /** The user that signs in at the local tenant. */
  readonly person: Person
  /** An existing client; nothing is registered. */
  readonly clientId?: string | undefined
  /** The client secret, if the client has one. */
  readonly clientSecret?: string | undefined
  /** A redirect URI of that client, or of the imitated one, that is not on this machine. */
  readonly redirectUri?: string | undefined
  /** The callback port on this machine; default the imitated client's port, or any free port. */
  readonly callbackPort?: number | undefined
  /** The client to imitate; default ChatGPT, with a callback on this machine. */
  readonly imitation?: Imitation | undefined
  /** The call of the last step; default a call without arguments (see `chooseTool`). */
  readonly toolCall?: ToolCall | undefined
  /** Accepts an access token that is not a JWT, which other servers may issue. */
  readonly takesOpaqueToken?: boolean
  readonly onStep: (step: ConnectStep) => void
  /** Called with a line of progress while a new client waits to be admitted. */
  readonly onWait?: (line: string) => void
  /** Shows the user the sign-in page. */
  readonly openBrowser: (url: string) => void
  /** Asks the user to paste the address of the last page in the browser. */
  readonly askForAddress?: () => Promise<string>
  readonly fetch?: Fetch
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** Time limit for the admission of a new client in milliseconds; default 20 s. */
  readonly admissionMs?: number
  /** Time limit for the sign-in in milliseconds; default 5 minutes. */
  readonly signInMs?: number
}

import type { Fetch } from './fetch-document.ts'
import type { Person } from './form-sign-in.ts'
import { createSteps, notReached, type Step } from './step.ts'
import { StepError } from './step-error.ts'
import { takeSteps } from './take-steps.ts'

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

export interface Connection {
  readonly url: string
  readonly ok: boolean
  /** All of them; those after a failure as not reached. */
  readonly steps: readonly Step[]
}

/**
 * Connects as ChatGPT would: discovery, registration, admission, sign-in, token, tools, a call. Stops
 * at the first step that fails. Only a bug is thrown.
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const steps = createSteps(options.onStep, options.now ?? Date.now)
  try {
    await takeSteps(steps, options)
    return { url: options.url, ok: true, steps: steps.taken }
  } catch (error) {
    if (!(error instanceof StepError)) throw error
    const rest = notReached(steps.taken)
    for (const step of rest) options.onStep(step)
    return { url: options.url, ok: false, steps: [...steps.taken, ...rest] }
  }
}

import { StepError } from './causes/step-error.ts'
import type { ConnectOptions } from './connect-options.ts'
import { createSteps, notReached, type Step } from './step.ts'
import { takeSteps } from './take-steps.ts'

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

import { createCallbacks } from '../connect/client/client.ts'
import { StepError } from '../connect/failure.ts'
import { createSends, obtainAccess } from '../connect/sign-in/access.ts'
import type { Person } from '../connect/sign-in/form-sign-in.ts'
import { createSteps } from '../connect/step.ts'

/**
 * An access token of a person of the local tenant, obtained as `npm run connect` does.
 *
 * @throws StepError when a step fails, or another tenant than the local one is in front of the tools.
 */
export async function signInLocally(url: string, person: Person): Promise<string> {
  const options = { url, person, onStep: () => undefined, openBrowser: needsToken }
  await using opened = new AsyncDisposableStack()
  const { run } = createSteps(options.onStep, Date.now)
  const callbacks = createCallbacks(opened, url)
  const { accessToken } = await obtainAccess(run, createSends(options), callbacks, options)
  return accessToken
}

/** Another tenant than the local one asks for a browser. */
function needsToken(): never {
  throw new StepError('sign_in_refused', 'only the local tenant can be signed in to: give --token')
}

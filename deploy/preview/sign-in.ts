import { createCallbacks } from '../connect/client/client.ts'
import { StepError } from '../connect/failure.ts'
import { createSends, obtainAccess } from '../connect/sign-in/access.ts'
import type { Person } from '../connect/sign-in/form-sign-in.ts'
import { createSteps } from '../connect/step.ts'

/**
 * Signs a user in at the Auth0 emulator as `npm run connect` does, and returns the access token.
 *
 * @throws StepError if a step fails, or the authorization server is not the Auth0 emulator.
 */
export async function signInLocally(url: string, person: Person): Promise<string> {
  const options = { url, person, onStep: () => undefined, openBrowser: needsToken }
  await using opened = new AsyncDisposableStack()
  const { run } = createSteps(options.onStep, Date.now)
  const callbacks = createCallbacks(opened, url)
  const { accessToken } = await obtainAccess(run, createSends(options), callbacks, options)
  return accessToken
}

/** Called if the sign-in requires a browser, so the authorization server is not the emulator. */
function needsToken(): never {
  throw new StepError(
    'sign_in_refused',
    'only the Auth0 emulator supports this sign-in: pass --token',
  )
}

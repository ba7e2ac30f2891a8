import { afterEach, beforeEach, expect } from 'vitest'

/**
 * Starts a resource before each test of the calling file and disposes of it afterwards. Returns an object
 * with the members of the resource of the running test. Reading a member outside a test fails.
 */
export function startedForEachTest<Resource extends AsyncDisposable>(
  start: () => Promise<Resource>,
): Resource {
  let current: Resource | undefined
  beforeEach(async () => {
    current = await start()
  })
  afterEach(async () => {
    await current?.[Symbol.asyncDispose]()
    current = undefined
  })
  const started = (): Resource => current ?? expect.unreachable('no test is running')
  return new Proxy({} as Resource, {
    get: (_, member) => Reflect.get(started(), member),
    set: (_, member, value) => Reflect.set(started(), member, value),
  })
}

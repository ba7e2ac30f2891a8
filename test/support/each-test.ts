import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'

type Hook = (run: () => Promise<void>) => void

/**
 * Starts a resource before each test of the calling file and disposes of it afterwards. Returns an object
 * with the members of the resource of the running test. Reading a member outside a test fails.
 */
export function startedForEachTest<Resource extends AsyncDisposable>(
  start: () => Promise<Resource>,
): Resource {
  return started(start, beforeEach, afterEach)
}

/**
 * Starts a resource before the first test of the calling file or `describe` block and disposes of it after the
 * last one. The object returned has the members of the resource; before the start they cannot be read.
 */
export function startedForAllTests<Resource extends AsyncDisposable>(
  start: () => Promise<Resource>,
): Resource {
  return started(start, beforeAll, afterAll)
}

function started<Resource extends AsyncDisposable>(
  start: () => Promise<Resource>,
  before: Hook,
  after: Hook,
): Resource {
  let current: Resource | undefined
  before(async () => {
    current = await start()
  })
  after(async () => {
    await current?.[Symbol.asyncDispose]()
    current = undefined
  })
  const resource = (): Resource => current ?? expect.unreachable('no test is running')
  return new Proxy({} as Resource, {
    get: (_, member) => Reflect.get(resource(), member),
    set: (_, member, value) => Reflect.set(resource(), member, value),
  })
}

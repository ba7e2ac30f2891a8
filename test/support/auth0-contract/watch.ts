import { subscribe } from 'node:diagnostics_channel'
import { afterEach } from 'vitest'
import { type Exchange, exchangeFaults } from './faults.ts'

/**
 * Checks every Management API call to an Auth0 emulator in this process against Auth0's OpenAPI document.
 * A test fails if a call during it differs from the document. The previous test may have caused the call.
 */
const seen = Symbol.for('test:auth0-contract')
const shared = globalThis as { [seen]?: string[] }

// Test files share a process, and each loads this module again.
if (shared[seen] === undefined) {
  const faults: string[] = []
  shared[seen] = faults
  subscribe('auth0-emulator:management', (exchange) => {
    faults.push(...exchangeFaults(exchange as Exchange))
  })
}

afterEach(() => {
  const faults = shared[seen]?.splice(0) ?? []
  if (faults.length > 0)
    throw new Error(`differs from Auth0's contract:\n${[...new Set(faults)].join('\n')}`)
})

import { subscribe } from 'node:diagnostics_channel'
import { afterEach } from 'vitest'
import { type Exchange, exchangeFaults } from './faults.ts'

/**
 * Holds every call of an Auth0 emulator's Management API in this process against Auth0's document.
 * A test fails on what it, or what was left running by the one before it, had answered otherwise.
 */
const seen = Symbol.for('test:auth0-contract')
const shared = globalThis as { [seen]?: string[] }

// Test files share a process, and each loads this anew.
if (shared[seen] === undefined) {
  const faults: string[] = []
  shared[seen] = faults
  subscribe('auth0-emulator:management', (exchange) => {
    faults.push(...exchangeFaults(exchange as Exchange))
  })
}

afterEach(() => {
  const faults = shared[seen]?.splice(0) ?? []
  if (faults.length > 0) throw new Error(`not as Auth0 has it:\n${[...new Set(faults)].join('\n')}`)
})

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/privacy.ts'],
    setupFiles: ['test/support/auth0-contract/watch.ts'],
    // Most tests wait for processes and sockets, not for a core.
    maxWorkers: 4,
    // Loading the SDKs and the framework anew for every file takes longer than most files. What a test
    // changes of the process, it changes back.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // What is waited for comes in milliseconds, unless the machine has other things to do.
    expect: { poll: { timeout: 10_000 } },
  },
})

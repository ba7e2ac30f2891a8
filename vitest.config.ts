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
    // Limits end what hangs. A machine with four times its load needs minutes for what takes seconds.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 120_000 } },
  },
})

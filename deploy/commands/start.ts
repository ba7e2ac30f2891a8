import { defineCommand } from '../kit/command.ts'

export const startCommand = defineCommand({
  name: 'start',
  summary: 'Runs the whole system on this machine, with an Auth0 emulator, until Ctrl-C.',
  options: {},
  details: `Variables of .env.yaml.sample in the environment override the local defaults.
PORT (8080) and TENANT_PORT (8081) set the ports; LOG_LEVEL=debug shows all log entries.`,
  exitCodes: { 0: 'ended', 1: 'cannot start' },
  run: async ({ values: { json } }, { env, write, writeError, doing }) => {
    // A parent program waits for `ready`, and expects only failure reasons on standard error.
    if (process.stderr.isTTY) doing('Starting')
    const { greeting, start, startDocument } = await import('../local/start.ts')
    await start({
      env,
      write: json ? writeError : write,
      onReady: (system) => {
        doing(undefined)
        write(json ? `${JSON.stringify(startDocument(system), undefined, 2)}\n` : greeting(system))
      },
    })
    return 0
  },
})

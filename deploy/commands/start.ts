import { defineCommand } from '../kit/command.ts'

export const startCommand = defineCommand({
  name: 'start',
  summary: 'Runs the whole system on this machine, with an Auth0 emulator, until Ctrl-C.',
  usage: '[-- options]',
  options: {},
  details: `Any variable of .env.yaml.sample that the environment sets wins over the local default.
PORT (8080) and TENANT_PORT (8081) choose the ports; LOG_LEVEL=debug shows all log entries.`,
  exitCodes: { 0: 'ended', 1: 'it cannot start' },
  run: async ({ values: { json } }, { env, write, writeError, doing }) => {
    // A program that starts this reads `ready`, and of standard error the reason of a failure alone.
    if (process.stderr.isTTY) doing('Starting')
    const { greeting, start } = await import('../local/start.ts')
    await start({
      env,
      write: json ? writeError : write,
      onReady: (system) => {
        doing(undefined)
        const { url, issuer, users } = system
        const document = { connector: `${system.variables['PUBLIC_URL']}/mcp`, url, issuer, users }
        write(json ? `${JSON.stringify(document, undefined, 2)}\n` : greeting(system))
      },
    })
    return 0
  },
})

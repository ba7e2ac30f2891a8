import { EMULATOR_OPTIONS, toEmulatorSettings } from '../emulator/options.ts'
import { defineCommand } from '../kit/command.ts'
import { CommandError } from '../kit/errors.ts'
import { errorCode } from '../kit/listen.ts'
import { untilSignal } from '../kit/until-signal.ts'

export const emulatorCommand = defineCommand({
  name: 'emulator',
  summary: 'Runs the Auth0 emulator alone on this machine until Ctrl-C.',
  options: EMULATOR_OPTIONS,
  details: `TENANT_PORT (8081) is the port without --port. MGMT_CLIENT_ID (management) and MGMT_CLIENT_SECRET
(random) are the Management API client, GOOGLE_CONNECTION_NAME (google-oauth2) the connections.`,
  exitCodes: { 0: 'ended', 1: 'it cannot start' },
  run: async (line, { env, write, writeError, doing }) => {
    const settings = toEmulatorSettings(line, env)
    if (process.stderr.isTTY) doing('Starting')
    const ending = untilSignal()
    const { startEmulator } = await import('../emulator/emulator.ts')
    const { describeEmulator, toText } = await import('../emulator/description.ts')
    const report = (fault: string) => writeError(`${fault}\n`)
    const running = await startEmulator({ ...settings.setup, report }).catch((error: unknown) => {
      const code = errorCode(error)
      if (code === 'EADDRINUSE') {
        throw new CommandError(
          `Port ${settings.port} is in use: end what uses it, or choose another with --port.`,
        )
      }
      if (code !== 'EACCES') throw error
      throw new CommandError(`Port ${settings.port} is reserved: choose another with --port.`)
    })
    doing(undefined)
    const described = describeEmulator(running, settings)
    write(line.values.json ? `${JSON.stringify(described, undefined, 2)}\n` : toText(described))
    await ending
    await running.close()
    return 0
  },
})

import { didYouMean } from '../../shared/nearest.ts'
import type { Command } from '../kit/command.ts'
import { UsageError } from '../kit/errors.ts'
import { buildCommand } from './build.ts'
import { clientsCommand } from './clients.ts'
import { connectCommand } from './connect.ts'
import { deployCommand } from './deploy.ts'
import { destroyCommand } from './destroy.ts'
import { doctorCommand } from './doctor.ts'
import { emulatorCommand } from './emulator.ts'
import { importCommand } from './import.ts'
import { previewCommand } from './preview.ts'
import { provisionCommand } from './provision.ts'
import { rollbackCommand } from './rollback.ts'
import { rotateSecretCommand } from './rotate-secret.ts'
import { startCommand } from './start.ts'
import { statusCommand } from './status.ts'

/** All commands, in the order of the overview. */
export const COMMANDS: readonly Command[] = [
  startCommand,
  emulatorCommand,
  connectCommand,
  doctorCommand,
  provisionCommand,
  clientsCommand,
  importCommand,
  previewCommand,
  buildCommand,
  deployCommand,
  statusCommand,
  rollbackCommand,
  rotateSecretCommand,
  destroyCommand,
]

/** @throws UsageError with the closest matching command. */
export function findCommand(name: string | undefined): Command {
  const command = COMMANDS.find((one) => one.name === name)
  if (command !== undefined) return command
  if (name === undefined) throw new UsageError('A command is required.')
  const names = COMMANDS.map((one) => one.name)
  throw new UsageError(`Unknown command '${name}'.${didYouMean(name, names)}`)
}

/** Returns the list of commands with a summary of each. */
export function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length))
  return [
    'Usage: npm run COMMAND -- [ARGUMENT...] [options]',
    '',
    ...COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'For the options of a command: npm run COMMAND -- --help',
    '',
  ].join('\n')
}

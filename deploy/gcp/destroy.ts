import { runCommand } from './run-command.ts'
import { destroy } from './run-destroy.ts'

await runCommand(destroy)

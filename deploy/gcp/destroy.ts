import { runCommand } from './process/run-command.ts'
import { destroy } from './run-destroy.ts'

await runCommand(destroy)

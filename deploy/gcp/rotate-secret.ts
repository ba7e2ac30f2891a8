import { runCommand } from './run-command.ts'
import { rotateSecret } from './secrets/rotate.ts'

await runCommand(rotateSecret)

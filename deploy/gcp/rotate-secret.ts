import { runCommand } from './process/run-command.ts'
import { rotateSecret } from './secrets/rotate.ts'

await runCommand(rotateSecret)

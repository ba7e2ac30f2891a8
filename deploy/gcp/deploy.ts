import { runCommand } from './process/run-command.ts'
import { deploy } from './run-deploy.ts'

await runCommand(deploy)

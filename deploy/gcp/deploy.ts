import { runCommand } from './run-command.ts'
import { deploy } from './run-deploy.ts'

await runCommand(deploy)

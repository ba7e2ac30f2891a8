import { runAsProcess } from './run-as-process.ts'
import { runProvision } from './run-provision.ts'

await runAsProcess(runProvision)

import { runAsProcess } from '../run-as-process.ts'
import { runClients } from './run-clients.ts'

await runAsProcess(runClients)

import { operateAsProcess } from './operate/main.ts'
import { rollback } from './operate/rollback.ts'

await operateAsProcess(rollback)

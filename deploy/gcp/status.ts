import { operateAsProcess } from './operate/main.ts'
import { status } from './operate/status.ts'

await operateAsProcess(status)

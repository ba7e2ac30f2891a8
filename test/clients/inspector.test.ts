import { INSPECTOR } from '../support/real-clients/inspector.ts'
import { describeClient } from '../support/real-clients/scenarios.ts'

await describeClient(INSPECTOR)

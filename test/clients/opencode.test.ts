import { OPENCODE } from '../support/real-clients/opencode.ts'
import { describeClient } from '../support/real-clients/scenarios.ts'

await describeClient(OPENCODE)

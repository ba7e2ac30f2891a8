import { CODEX } from '../support/real-clients/codex.ts'
import { describeClient } from '../support/real-clients/scenarios.ts'

await describeClient(CODEX)

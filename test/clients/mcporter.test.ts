import { MCPORTER } from '../support/real-clients/mcporter.ts'
import { describeClient } from '../support/real-clients/scenarios.ts'

await describeClient(MCPORTER)

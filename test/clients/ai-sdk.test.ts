import { AI_SDK } from '../support/real-clients/ai-sdk.ts'
import { describeClient } from '../support/real-clients/scenarios.ts'

await describeClient(AI_SDK)

import { MCP_REMOTE } from '../support/real-clients/mcp-remote.ts'
import { describeClient } from '../support/real-clients/scenarios.ts'

await describeClient(MCP_REMOTE)

import { getToolUiResourceUri } from '@modelcontextprotocol/ext-apps/app-bridge'
import { findTool, listTools, openClient } from '../connect/tools.ts'
import { CommandError } from '../kit/errors.ts'

/**
 * Checks that the server has the tool or, without a tool, a tool with a UI.
 *
 * @throws UsageError that lists the tools, for an unknown tool; CommandError if no tool has a UI; StepError
 * if the server does not list its tools.
 */
export async function checkTool(url: string, token: string, tool?: string): Promise<void> {
  const client = await openClient(fetch, url, () => token)
  try {
    const { value: tools } = await listTools(client)
    if (tool !== undefined) {
      findTool(tools, tool)
      return
    }
    if (tools.some((one) => getToolUiResourceUri(one) !== undefined)) return
    const names = tools.map(({ name }) => name)
    throw new CommandError(`No tool of ${url} has a UI. Its tools: ${names.join(', ')}.`)
  } finally {
    await client.close()
  }
}

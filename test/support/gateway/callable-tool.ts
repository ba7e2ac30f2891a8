import { type CallableTool, compileTool } from '../../../functions/gateway/callable-tool.ts'
import { parseTools } from '../../../shared/tools.ts'

/** A compiled public tool with these members of a catalogue entry. */
export function toolOf(entry: object = {}): CallableTool {
  const tool = parseTools({ TOOLS: JSON.stringify({ a: { scopes: [], ...entry } }) }, compileTool)
  return tool.get('a') as CallableTool
}

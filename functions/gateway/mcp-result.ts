import type { CallToolResult, InputRequiredResult } from '@modelcontextprotocol/client'
import { asObject } from '../../shared/json.ts'
import type { ToolDefinition } from '../../shared/tools.ts'
import { INPUT_REQUIRED } from './input/asked.ts'
import type { Outcome } from './outcome.ts'
import type { Era } from './revision.ts'
import { hasObjectOutput } from './tool-list.ts'

/** An outcome in MCP's words; a fault is a result with `isError`, so that the model can mend it. */
export function toCallToolResult(
  outcome: Outcome,
  tool: ToolDefinition,
  era: Era,
): CallToolResult | InputRequiredResult {
  switch (outcome.kind) {
    case 'json': {
      const structured = { structuredContent: outcome.value } as Pick<
        CallToolResult,
        'structuredContent'
      >
      const isStructured = era === 'stateless' || hasObjectOutput(tool)
      return {
        content: [{ type: 'text', text: JSON.stringify(outcome.value) }],
        ...(tool.outputSchema !== undefined && isStructured && structured),
      }
    }
    case 'text':
      return { content: outcome.text === '' ? [] : [{ type: 'text', text: outcome.text }] }
    case 'result':
      return era === 'stateless' ? outcome.result : withObjectAlone(outcome.result)
    case 'input_required':
      return { resultType: INPUT_REQUIRED, ...outcome.result } as InputRequiredResult
    case 'failed':
      return { content: [{ type: 'text', text: outcome.failure.message }], isError: true }
  }
}

/** Before 2026-07-28 structured content was an object: any other value is given as text alone. */
function withObjectAlone(result: CallToolResult): CallToolResult {
  const { structuredContent, ...others } = result
  if (structuredContent === undefined || asObject(structuredContent) !== undefined) return result
  const hasText = result.content.some(({ type }) => type === 'text')
  const text = { type: 'text', text: JSON.stringify(structuredContent) } as const
  return { ...others, content: hasText ? result.content : [text, ...result.content] }
}

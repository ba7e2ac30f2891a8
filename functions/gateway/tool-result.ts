import type { CallToolResult } from '@modelcontextprotocol/client'
import { z } from 'zod'
import type { ToolDefinition } from '../../shared/tools.ts'
import type { Outcome } from './outcome.ts'
import type { Era } from './revision.ts'
import { hasObjectOutput, STATELESS_RESULT } from './tool-list.ts'

const about = {
  annotations: z.looseObject({}).optional(),
  _meta: z.record(z.string(), z.unknown()).optional(),
}
const binary = { data: z.base64(), mimeType: z.string(), ...about }
const resource = { uri: z.string(), mimeType: z.string().optional(), _meta: about._meta }

const contentBlock = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text'), text: z.string(), ...about }),
  z.looseObject({ type: z.literal('image'), ...binary }),
  z.looseObject({ type: z.literal('audio'), ...binary }),
  z.looseObject({ type: z.literal('resource_link'), uri: z.string(), name: z.string(), ...about }),
  z.looseObject({
    type: z.literal('resource'),
    resource: z.union([
      z.looseObject({ ...resource, text: z.string() }),
      z.looseObject({ ...resource, blob: z.base64() }),
    ]),
    ...about,
  }),
])

// Strict, so that a tool's own data that happens to have a `content` is not taken for a result.
const callToolResult = z.strictObject({
  content: z.array(contentBlock),
  structuredContent: z.record(z.string(), z.unknown()).optional(),
  isError: z.boolean().optional(),
  _meta: z.record(z.string(), z.unknown()).optional(),
})

/** The value when a backend has answered with MCP's own CallToolResult, else undefined. */
export function asCallToolResult(value: unknown): CallToolResult | undefined {
  if (value === null || typeof value !== 'object' || !('content' in value)) return undefined
  const parsed = callToolResult.safeParse(value)
  return parsed.success ? (parsed.data as CallToolResult) : undefined
}

/** An outcome in MCP's words; a fault is a result with `isError`, so that the model can mend it. */
export function toCallToolResult(outcome: Outcome, tool: ToolDefinition, era: Era): CallToolResult {
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
      return outcome.result
    case 'failed':
      return { content: [{ type: 'text', text: outcome.failure.message }], isError: true }
  }
}

/** The JSON of a result, with what its era adds to every result. */
export function writeResult(result: CallToolResult, era: Era): string {
  return JSON.stringify(
    era === 'handshake'
      ? result
      : { ...result, ...STATELESS_RESULT, _meta: { ...result._meta, ...STATELESS_RESULT._meta } },
  )
}

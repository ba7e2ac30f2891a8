import type { CallToolResult } from '@modelcontextprotocol/client'
import * as z from 'zod'

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
  // MCP 2026-07-28; the others' clients pass over it.
  resultType: z.literal('complete').optional(),
  _meta: z.record(z.string(), z.unknown()).optional(),
})

/** The value when a backend has answered with MCP's own CallToolResult, else undefined. */
export function asCallToolResult(value: unknown): CallToolResult | undefined {
  if (value === null || typeof value !== 'object' || !('content' in value)) return undefined
  const parsed = callToolResult.safeParse(value)
  return parsed.success ? (parsed.data as CallToolResult) : undefined
}

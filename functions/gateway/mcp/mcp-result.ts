import type { CallToolResult, InputRequiredResult } from '@modelcontextprotocol/client'
import { type ServerSection, serverInfoOf } from '../../../shared/catalogue/server.ts'
import { writingJson, writingJsonBytes } from '../../../shared/json/json-writer.ts'
import { atOnce } from '../../../shared/json/turns.ts'
import { asObject } from '../../../shared/json.ts'
import type { ToolDefinition } from '../../../shared/tools.ts'
import { INPUT_REQUIRED } from '../input/asked.ts'
import type { ToolOutcome } from '../outcome.ts'
import type { Era } from './revision.ts'

const SERVER_INFO_MEMBER = 'io.modelcontextprotocol/serverInfo'

/** Returns the JSON of a result, with the members that its era adds to every result. */
export type Writer = (result: Readonly<Record<string, unknown>>, era: Era) => string

/** Returns a result with the members that its era adds to every result. */
export type Completion = (
  result: Readonly<Record<string, unknown>>,
  era: Era,
) => Readonly<Record<string, unknown>>

/**
 * Creates the completion for a server. 2026-07-28 adds `resultType` and the server information to
 * each result.
 */
export function createCompletion(server?: ServerSection): Completion {
  const own = { [SERVER_INFO_MEMBER]: serverInfoOf(server) }
  return (result, era) =>
    era === 'handshake'
      ? result
      : { resultType: 'complete', ...result, _meta: { ...asObject(result['_meta']), ...own } }
}

/** Creates a writer that applies `complete` to each result. */
export function createWriter(complete = createCompletion()): Writer {
  return (result, era) => JSON.stringify(complete(result, era))
}

/**
 * Returns whether the output schema has type `object`. Before 2026-07-28, structured content had to
 * be an object.
 */
export function hasObjectOutput({ outputSchema }: ToolDefinition): boolean {
  return outputSchema?.['type'] === 'object'
}

/** A result of `tools/call`, or its requests for input. */
type ToolResult = CallToolResult | InputRequiredResult

/**
 * Returns the outcome as an MCP result. A failure becomes a result with `isError`, so that the
 * model can correct its call.
 */
export function toCallToolResult(outcome: ToolOutcome, tool: ToolDefinition, era: Era): ToolResult {
  return atOnce(makingResult(outcome, tool, era, true))
}

/** Writes, in turns, the JSON of an outcome as an MCP result, completed for its era, in UTF-8. */
export function* writingOutcome(
  outcome: ToolOutcome,
  tool: ToolDefinition,
  era: Era,
  complete: Completion,
): Generator<undefined, Buffer> {
  const result = yield* makingResult(outcome, tool, era)
  return yield* writingJsonBytes(complete(result, era))
}

function* makingResult(
  outcome: ToolOutcome,
  tool: ToolDefinition,
  era: Era,
  isShort = false,
): Generator<undefined, ToolResult> {
  switch (outcome.kind) {
    case 'json': {
      const text = isShort ? JSON.stringify(outcome.value) : yield* writingJson(outcome.value)
      const content = [{ type: 'text', text } as const]
      const isStructured = era === 'stateless' || hasObjectOutput(tool)
      if (tool.outputSchema === undefined || !isStructured) return { content }
      return { content, structuredContent: outcome.value as CallToolResult['structuredContent'] }
    }
    case 'text':
      return { content: outcome.text === '' ? [] : [{ type: 'text', text: outcome.text }] }
    case 'result':
      return era === 'stateless' ? outcome.result : yield* withObjectContent(outcome.result)
    case 'input_required':
      return { resultType: INPUT_REQUIRED, ...outcome.result } as InputRequiredResult
    case 'failed':
      return { content: [{ type: 'text', text: outcome.failure.message }], isError: true }
  }
}

/**
 * Before 2026-07-28, structured content had to be an object. Any other value is returned only as
 * text.
 */
function* withObjectContent(result: CallToolResult): Generator<undefined, CallToolResult> {
  const { structuredContent, ...others } = result
  if (structuredContent === undefined || asObject(structuredContent) !== undefined) return result
  const hasText = result.content.some(({ type }) => type === 'text')
  const text = { type: 'text', text: yield* writingJson(structuredContent) } as const
  return { ...others, content: hasText ? result.content : [text, ...result.content] }
}

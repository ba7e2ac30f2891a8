import type { CallToolResult, InputRequiredResult } from '@modelcontextprotocol/client'
import { type ServerSection, serverInfoOf } from '../../../shared/catalogue/server.ts'
import { writingJson } from '../../../shared/json/json-writer.ts'
import { atOnce } from '../../../shared/json/turns.ts'
import { asObject } from '../../../shared/json.ts'
import type { ToolDefinition } from '../../../shared/tools.ts'
import { INPUT_REQUIRED } from '../input/asked.ts'
import type { ToolOutcome } from '../outcome.ts'
import type { Era } from './revision.ts'

const SERVER_INFO_MEMBER = 'io.modelcontextprotocol/serverInfo'

/** Writes the JSON of a result, with what its era adds to every result. */
export type Writer = (result: Readonly<Record<string, unknown>>, era: Era) => string

/** A result with what its era adds to every result. */
export type Completion = (
  result: Readonly<Record<string, unknown>>,
  era: Era,
) => Readonly<Record<string, unknown>>

/** For a server that says this of itself: 2026-07-28 adds type and server to each result. */
export function createCompletion(server?: ServerSection): Completion {
  const own = { [SERVER_INFO_MEMBER]: serverInfoOf(server) }
  return (result, era) =>
    era === 'handshake'
      ? result
      : { resultType: 'complete', ...result, _meta: { ...asObject(result['_meta']), ...own } }
}

/** Writes results that `complete` has completed. */
export function createWriter(complete = createCompletion()): Writer {
  return (result, era) => JSON.stringify(complete(result, era))
}

/** Before 2026-07-28 structured content was an object, and so was what a schema could promise. */
export function hasObjectOutput({ outputSchema }: ToolDefinition): boolean {
  return outputSchema?.['type'] === 'object'
}

/** A result of `tools/call`, or the questions that it needs answered. */
type ToolResult = CallToolResult | InputRequiredResult

/** An outcome in MCP's words; a fault is a result with `isError`, so that the model can mend it. */
export function toCallToolResult(outcome: ToolOutcome, tool: ToolDefinition, era: Era): ToolResult {
  return atOnce(makingResult(outcome, tool, era))
}

/** The JSON of an outcome's result, completed for its era, in turns. */
export function* writingOutcome(
  outcome: ToolOutcome,
  tool: ToolDefinition,
  era: Era,
  complete: Completion,
): Generator<undefined, string> {
  const result = yield* makingResult(outcome, tool, era)
  return yield* writingJson(complete(result, era))
}

function* makingResult(
  outcome: ToolOutcome,
  tool: ToolDefinition,
  era: Era,
): Generator<undefined, ToolResult> {
  switch (outcome.kind) {
    case 'json': {
      const structured = { structuredContent: outcome.value } as Pick<
        CallToolResult,
        'structuredContent'
      >
      const isStructured = era === 'stateless' || hasObjectOutput(tool)
      return {
        content: [{ type: 'text', text: yield* writingJson(outcome.value) }],
        ...(tool.outputSchema !== undefined && isStructured && structured),
      }
    }
    case 'text':
      return { content: outcome.text === '' ? [] : [{ type: 'text', text: outcome.text }] }
    case 'result':
      return era === 'stateless' ? outcome.result : yield* withObjectAlone(outcome.result)
    case 'input_required':
      return { resultType: INPUT_REQUIRED, ...outcome.result } as InputRequiredResult
    case 'failed':
      return { content: [{ type: 'text', text: outcome.failure.message }], isError: true }
  }
}

/** Before 2026-07-28 structured content was an object: any other value is given as text alone. */
function* withObjectAlone(result: CallToolResult): Generator<undefined, CallToolResult> {
  const { structuredContent, ...others } = result
  if (structuredContent === undefined || asObject(structuredContent) !== undefined) return result
  const hasText = result.content.some(({ type }) => type === 'text')
  const text = { type: 'text', text: yield* writingJson(structuredContent) } as const
  return { ...others, content: hasText ? result.content : [text, ...result.content] }
}

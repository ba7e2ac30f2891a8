import type { CallToolResult } from '@modelcontextprotocol/client'
import { asObject, decodeUtf8, keepNumbers, parseJson } from '../../shared/json.ts'
import type { CallableTool } from './callable-tool.ts'
import type { Answer } from './post.ts'
import { asCallToolResult } from './tool-result.ts'

/** What came of a call, before it is put into MCP's or REST's words. */
export type Outcome =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'result'; readonly result: CallToolResult }
  | { readonly kind: 'failed'; readonly failure: Failure }

/** A call that went wrong: a sentence for whoever called, the exact reason for the log. */
export interface Failure {
  readonly reason: string
  readonly message: string
  /** What REST answers. */
  readonly status: number
}

const MAX_MESSAGE_CHARACTERS = 500
// The gateway's own credentials were refused, not the caller's: no client should drop its token.
const NOT_THE_CALLERS_FAULT: ReadonlySet<number> = new Set([401, 403, 407])

export function failed(reason: string, status: number, message: string): Outcome {
  return { kind: 'failed', failure: { reason, status, message } }
}

/** Judges a backend's whole answer, its promised `outputSchema` included. */
export function toOutcome(answer: Answer, tool: CallableTool): Outcome {
  const { status } = answer
  if (status >= 500)
    return failed(`backend_http_${status}`, 502, 'The tool failed. Try again later.')
  if (status >= 400) return refusedByBackend(answer)
  if (status < 200 || status >= 300) {
    return failed(`backend_http_${status}`, 502, 'The tool did not give an answer.')
  }
  if (answer.contentEncoding !== undefined && answer.contentEncoding !== 'identity') {
    return unreadable('backend_content_encoding')
  }
  if (answer.body.length === 0) return readText('', tool)
  const text = decodeUtf8(answer.body)
  if (text === undefined) return unreadable('backend_not_utf8')
  if (isJson(answer.contentType)) return readJson(text, tool)
  return isText(answer.contentType) ? readText(text, tool) : unreadable('backend_content_type')
}

function readJson(text: string, tool: CallableTool): Outcome {
  const parsed = parseJson(text)
  if (parsed === undefined) return unreadable('backend_not_json')
  const { value } = parsed
  const result = asCallToolResult(value)
  if (result === undefined) {
    return checkOutput(value, tool, { kind: 'json', value: keepNumbers(text, value) })
  }
  const outcome: Outcome = { kind: 'result', result: keepNumbers(text, result) }
  return result.isError === true ? outcome : checkOutput(result.structuredContent, tool, outcome)
}

function readText(text: string, tool: CallableTool): Outcome {
  return tool.validateOutput === undefined
    ? { kind: 'text', text }
    : unreadable('backend_output_unstructured')
}

function checkOutput(value: unknown, tool: CallableTool, outcome: Outcome): Outcome {
  return tool.validateOutput?.(value) === undefined ? outcome : unreadable('backend_output_schema')
}

function unreadable(reason: string): Outcome {
  return failed(reason, 502, 'The tool answered in a form that it does not promise.')
}

function refusedByBackend(answer: Answer): Outcome {
  const { status } = answer
  const said = isJson(answer.contentType) ? messageOf(answer.body) : undefined
  const message = said ?? `The tool refused the call (HTTP ${status}).`
  return failed(
    `backend_http_${status}`,
    NOT_THE_CALLERS_FAULT.has(status) ? 502 : status,
    message.slice(0, MAX_MESSAGE_CHARACTERS).toWellFormed(),
  )
}

/** The sentence in the usual places of a JSON error body. */
function messageOf(body: Buffer): string | undefined {
  const { error, message, detail, title } = asObject(parseJson(body)?.value) ?? {}
  return [message, detail, asObject(error)?.['message'], error, title].find(
    (candidate) => typeof candidate === 'string' && candidate !== '',
  ) as string | undefined
}

function isJson(contentType: string): boolean {
  return /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i.test(contentType)
}

function isText(contentType: string): boolean {
  // HTML is a log-in or error page of something in between, never a tool's answer.
  return /^text\/(?!html\b)/i.test(contentType)
}

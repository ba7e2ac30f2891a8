import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/client'
import { piecesOf, writingJson } from '../../../shared/json/json-writer.ts'
import { atOnce } from '../../../shared/json/turns.ts'
import { asObject } from '../../../shared/json.ts'
import { errorSentence, textSentence } from '../error-sentence.ts'
import { visible } from '../one-line.ts'
import { asContentBlock } from './content-block.ts'

type Members = Readonly<Record<string, unknown>>

/** A large block takes a millisecond. */
const BLOCKS_PER_TURN = 10
const CHARACTERS_PER_TURN = 64 * 1024
const REPORTED = 'The tool reported an error.'

/** The members of MCP's CallToolResult, and pydantic's names for them. */
const MEMBERS: ReadonlySet<string> = new Set([
  'content',
  'structuredContent',
  'structured_content',
  'isError',
  'is_error',
  'resultType',
  '_meta',
  'meta',
])

/** MCP's own result as a backend has answered it, in the form in which clients take it. */
export interface ReadResult {
  readonly result: CallToolResult
  /** How many of its blocks were malformed, or of a type that MCP does not have, and were left out. */
  readonly dropped: number
}

/**
 * Reads a CallToolResult in turns, undefined when the value is a tool's own data. A member that is `null` is
 * absent. Members that MCP does not have pass as they are; block types that it does not have are left
 * out, as are malformed blocks.
 *
 * A value with `isError: true` is always a result. Else it is one when its `content` is a list of MCP's
 * blocks, or when `isError`, `structuredContent` or `resultType` mark it. `ownsContent`: the tool
 * promises a `content` of its own, so that blocks alone are no sign.
 */
export function* readingCallToolResult(
  value: unknown,
  ownsContent = false,
): Generator<undefined, ReadResult | undefined> {
  const members = asObject(value)
  if (members === undefined) return undefined
  const { content } = members
  const blocks: (ContentBlock | undefined)[] = []
  for (const block of Array.isArray(content) ? content : []) {
    blocks.push(asContentBlock(block))
    if (blocks.length % BLOCKS_PER_TURN === 0) yield
  }
  const known = blocks.filter((block) => block !== undefined)
  if (!isResult(members, known.length > 0, ownsContent)) return undefined
  const structured = members['structuredContent'] ?? members['structured_content'] ?? undefined
  const isError = isErrorOf(members)
  const meta = asObject(members['_meta']) ?? asObject(members['meta'])
  const result = {
    ...((Array.isArray(content) || structured !== undefined) && unknownMembers(members)),
    content: yield* readingContent(members, known, structured, isError),
    ...(structured !== undefined && { structuredContent: structured }),
    ...(isError !== undefined && { isError }),
    ...(members['resultType'] === 'complete' && { resultType: 'complete' }),
    ...(meta !== undefined && { _meta: meta }),
  }
  return { result: result as CallToolResult, dropped: blocks.length - known.length }
}

/** The same at once. */
export function readCallToolResult(value: unknown, ownsContent = false): ReadResult | undefined {
  return atOnce(readingCallToolResult(value, ownsContent))
}

/** For the client: hosts and UIs have members of their own beside MCP's. */
function unknownMembers(members: Members): Members {
  return Object.fromEntries(
    Object.entries(members).filter(([name, member]) => !MEMBERS.has(name) && member !== null),
  )
}

/** What a result with `isError` says, in one line of at most 500 characters. */
export function resultSentence({ content }: CallToolResult): string {
  const texts = content.flatMap((block) => (block.type === 'text' ? [block.text] : []))
  return errorSentence({ message: texts.slice(0, 5).join(' ') }) ?? REPORTED
}

function isResult(members: Members, hasKnownBlock: boolean, ownsContent: boolean): boolean {
  const { content, isError, resultType = null } = members
  if (isError === true) return true
  if (resultType !== null && resultType !== 'complete') return false
  const structured = members['structuredContent'] ?? members['structured_content'] ?? null
  const isFlagged = typeof isError === 'boolean' || typeof members['is_error'] === 'boolean'
  const isMarked = isFlagged || resultType !== null || structured !== null
  const names = Object.keys(members)
  const isClosed = names.every((name) => MEMBERS.has(name) || members[name] === null)
  if (!Array.isArray(content)) {
    const isAbsent = (content ?? null) === null
    return isAbsent && (structured !== null || (isMarked && isClosed && 'content' in members))
  }
  const isTyped = content.every((block) => typeof asObject(block)?.['type'] === 'string')
  if (isMarked) return isClosed || isTyped
  if (content.length === 0) return isClosed && (isError ?? null) === null
  // Documents and messages of chats are lists of blocks too; they say so at the top.
  const isDocument = typeof members['type'] === 'string' || typeof members['role'] === 'string'
  return isTyped && hasKnownBlock && !isDocument && !ownsContent
}

/** A flag of another type than MCP's counts as set: no failure may pass for a success. */
function isErrorOf(members: Members): boolean | undefined {
  const flag = members['isError'] ?? members['is_error'] ?? undefined
  return flag === undefined ? undefined : flag !== false
}

function* readingContent(
  members: Members,
  blocks: readonly ContentBlock[],
  structured: unknown,
  isError: boolean | undefined,
): Generator<undefined, readonly ContentBlock[]> {
  if (isError === true) {
    const shown: ContentBlock[] = []
    for (const block of blocks) {
      const isText = block.type === 'text'
      shown.push(isText ? { ...block, text: yield* makingVisible(block.text) } : block)
    }
    if (shown.length > 0) return shown
    const { content, ...others } = members
    const said = typeof content === 'string' ? textSentence(content) : undefined
    const more = said ?? errorSentence(structured) ?? errorSentence(others)
    if (more === undefined && Array.isArray(content) && content.length === 0) return []
    return [{ type: 'text', text: more ?? REPORTED }]
  }
  const isMissing = (members['content'] ?? null) === null && structured !== undefined
  return isMissing ? [{ type: 'text', text: yield* writingJson(structured) }] : blocks
}

function* makingVisible(text: string): Generator<undefined, string> {
  if (text.length <= CHARACTERS_PER_TURN) return visible(text)
  const pieces: string[] = []
  for (const piece of piecesOf(text, CHARACTERS_PER_TURN)) {
    pieces.push(visible(piece))
    yield
  }
  return pieces.join('')
}

import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/client'
import { piecesOf, writingJson } from '../../../shared/json/json-writer.ts'
import { atOnce } from '../../../shared/json/turns.ts'
import { asObject } from '../../../shared/json.ts'
import { errorSentence, textSentence } from '../error-sentence.ts'
import { visible } from '../one-line.ts'
import { asContentBlock } from './content-block.ts'

type Members = Readonly<Record<string, unknown>>

/** A large block takes about a millisecond. */
const BLOCKS_PER_TURN = 10
const CHARACTERS_PER_TURN = 64 * 1024
const DEFAULT_MESSAGE = 'The tool reported an error.'

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

/** An MCP result of a backend, in the form that clients accept. */
export interface ReadResult {
  readonly result: CallToolResult
  /**
   * How many blocks were omitted because they were malformed or of a type that MCP does not define.
   */
  readonly dropped: number
}

/**
 * Reads a CallToolResult in turns; undefined if the value is the data of a tool. A `null` member
 * counts as absent. Members that MCP does not define are kept. Malformed blocks, and blocks of
 * other types than MCP's, are omitted.
 *
 * A value with `isError: true` is always a result. Otherwise it is one if its `content` is a list
 * of MCP blocks, or if `isError`, `structuredContent` or `resultType` mark it. `ownsContent` means
 * that the output schema of the tool declares a `content`, so that blocks alone are no indication.
 */
export function* readingCallToolResult(
  value: unknown,
  ownsContent = false,
): Generator<undefined, ReadResult | undefined> {
  const members = asObject(value)
  if (members === undefined || !hasMember(members)) return undefined
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

/** Most data of tools has none of these members and is not read further. */
function hasMember(members: Members): boolean {
  for (const name in members) if (MEMBERS.has(name)) return true
  return false
}

/** Does the same as `readingCallToolResult` in one step. */
export function readCallToolResult(value: unknown, ownsContent = false): ReadResult | undefined {
  return atOnce(readingCallToolResult(value, ownsContent))
}

/** Returns the members that MCP does not define, because hosts and UIs use members of their own. */
function unknownMembers(members: Members): Members {
  return Object.fromEntries(
    Object.entries(members).filter(([name, member]) => !MEMBERS.has(name) && member !== null),
  )
}

/** Returns the message of a result with `isError`, in one line of at most 500 characters. */
export function resultSentence({ content }: CallToolResult): string {
  const texts = content.flatMap((block) => (block.type === 'text' ? [block.text] : []))
  return errorSentence({ message: texts.slice(0, 5).join(' ') }) ?? DEFAULT_MESSAGE
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
  // Documents and chat messages are lists of blocks, too, but also have `type` or `role` at the top
  // level.
  const isDocument = typeof members['type'] === 'string' || typeof members['role'] === 'string'
  return isTyped && hasKnownBlock && !isDocument && !ownsContent
}

/** A flag that is not a boolean counts as set, so that no failure looks like a success. */
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
    const visibleBlocks: ContentBlock[] = []
    for (const block of blocks) {
      const isText = block.type === 'text'
      visibleBlocks.push(isText ? { ...block, text: yield* makingVisible(block.text) } : block)
    }
    if (visibleBlocks.length > 0) return visibleBlocks
    const { content, ...others } = members
    const sentence = typeof content === 'string' ? textSentence(content) : undefined
    const more = sentence ?? errorSentence(structured) ?? errorSentence(others)
    if (more === undefined && Array.isArray(content) && content.length === 0) return []
    return [{ type: 'text', text: more ?? DEFAULT_MESSAGE }]
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

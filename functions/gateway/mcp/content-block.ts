import type { ContentBlock } from '@modelcontextprotocol/client'
import { asObject } from '../../../shared/json.ts'
import { toBase64, typeOfDataUrl } from './base64.ts'

/** The maximum number of members and items in one block. MCP's own blocks have about ten. */
const MAX_MEMBERS = 1_000

type Members = Readonly<Record<string, unknown>>

/** Returns the members of one block type in MCP's form; undefined if they are malformed. */
type Reader = (block: Members) => Members | undefined

const readBinary: Reader = ({ data, mimeType }) => {
  const binary = toBase64(data)
  const type = mimeType ?? typeOfDataUrl(data)
  return binary !== undefined && typeof type === 'string'
    ? { data: binary, mimeType: type }
    : undefined
}
const READERS: ReadonlyMap<unknown, Reader> = new Map<unknown, Reader>([
  ['text', ({ text }) => (typeof text === 'string' ? {} : undefined)],
  ['image', readBinary],
  ['audio', readBinary],
  [
    'resource_link',
    ({ uri, name = uri }) =>
      typeof uri === 'string' && typeof name === 'string' ? { name } : undefined,
  ],
  [
    'resource',
    ({ resource }) => {
      const contents = readContents(camelCase(asObject(resource) ?? {}))
      return contents && { resource: contents }
    },
  ],
])

/**
 * Returns the value as an MCP content block; undefined if it is malformed or of a type that MCP
 * does not define. A `null` member counts as absent, at every level except inside `_meta`. Binary
 * data may be a data URL, base64url, unpadded or line-wrapped. Python's names for `mimeType` and
 * `_meta` are accepted.
 */
export function asContentBlock(value: unknown): ContentBlock | undefined {
  const object = asObject(value)
  const read = READERS.get(object?.['type'])
  if (object === undefined || read === undefined) return undefined
  if (!hasFewMembers(object)) return undefined
  const block = camelCase(asObject(withoutNulls(object)) ?? {})
  const own = read(block)
  if (own === undefined) return undefined
  const { annotations, _meta, ...others } = block
  const about = {
    ...(isAnnotations(annotations) && { annotations }),
    ...(asObject(_meta) && { _meta }),
  }
  return { ...others, ...own, ...about } as ContentBlock
}

function readContents(resource: Members): Members | undefined {
  const { uri, text, mimeType, _meta, blob, ...others } = resource
  const binary = blob === undefined ? undefined : toBase64(blob)
  if (typeof uri !== 'string' || (typeof text !== 'string' && binary === undefined)) {
    return undefined
  }
  return {
    ...others,
    uri,
    ...(typeof mimeType === 'string' && { mimeType }),
    ...(typeof text === 'string' ? { text } : { blob: binary }),
    ...(asObject(_meta) && { _meta }),
  }
}

/**
 * Returns whether the value is MCP's `Annotations`. Clients reject a whole result with malformed
 * annotations.
 */
function isAnnotations(value: unknown): boolean {
  const annotations = asObject(value)
  if (annotations === undefined) return false
  const { audience = [], priority = 0, lastModified = '' } = annotations
  return (
    Array.isArray(audience) &&
    audience.every((role) => role === 'user' || role === 'assistant') &&
    typeof priority === 'number' &&
    priority >= 0 &&
    priority <= 1 &&
    typeof lastModified === 'string'
  )
}

/** Converts the Python names that pydantic writes by default to MCP's names. */
function camelCase(members: Members): Members {
  if (!('mime_type' in members || 'meta' in members)) return members
  const { mime_type: mimeType, meta, ...others } = members
  return {
    ...(mimeType !== undefined && { mimeType }),
    ...(meta !== undefined && { _meta: meta }),
    ...others,
  }
}

/** Returns whether the block has at most 1,000 members and items, except those of `_meta`. */
function hasFewMembers(block: Members): boolean {
  let left = MAX_MEMBERS
  const count = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || left < 0) return
    for (const [name, member] of Object.entries(value)) {
      if (--left < 0) return
      if (name !== '_meta') count(member)
    }
  }
  count(block)
  return left >= 0
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((one) => one !== null).map(withoutNulls)
  const members = asObject(value)
  if (members === undefined) return value
  return Object.fromEntries(
    Object.entries(members)
      .filter(([, member]) => member !== null)
      .map(([name, member]) => [name, name === '_meta' ? member : withoutNulls(member)]),
  )
}

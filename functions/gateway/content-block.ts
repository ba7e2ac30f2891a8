import type { ContentBlock } from '@modelcontextprotocol/client'
import { z } from 'zod'
import { asObject } from '../../shared/json.ts'

declare global {
  interface JSON {
    readonly isRawJSON: (value: unknown) => boolean
  }
}

const BASE64 = /^[A-Za-z0-9+/]*$/
const DATA_URL = /^data:([^;,]{0,100})[^,]{0,200};base64,/i

const about = {
  annotations: z
    .looseObject({
      audience: z.array(z.enum(['user', 'assistant'])).optional(),
      priority: z.number().min(0).max(1).optional(),
      lastModified: z.string().optional(),
    })
    .optional()
    .catch(undefined),
  _meta: z.record(z.string(), z.unknown()).optional().catch(undefined),
}
const base64 = z.string().transform((data, context) => {
  const canonical = toBase64(data)
  if (canonical === undefined) context.addIssue('is not base64')
  return canonical ?? z.NEVER
})
const binary = { data: base64, mimeType: z.string(), ...about }
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
      z.looseObject({ ...resource, blob: base64 }),
    ]),
    ...about,
  }),
])

/**
 * The value as one of MCP's content blocks, undefined when it is malformed or of a type that MCP has
 * not. A member that is `null` is absent, at every level but inside `_meta`; binary data may be a data
 * URL, base64url, unpadded or broken into lines; Python's names for `mimeType` and `_meta` are read.
 */
export function asContentBlock(value: unknown): ContentBlock | undefined {
  const given = asObject(withoutNulls(value))
  if (given === undefined) return undefined
  const block = { ...camelCase(given) }
  const inner = asObject(block['resource'])
  if (inner !== undefined) block['resource'] = camelCase(inner)
  if (typeof block['data'] === 'string') {
    block['mimeType'] ??= DATA_URL.exec(block['data'].slice(0, 400))?.[1] || undefined
  }
  if (block['type'] === 'resource_link') block['name'] ??= block['uri']
  const parsed = contentBlock.safeParse(block)
  return parsed.success ? (parsed.data as ContentBlock) : undefined
}

/** pydantic writes a model's own names for members unless it is asked for MCP's. */
function camelCase(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { mime_type: mimeType, meta, ...others } = members
  return {
    ...others,
    ...(mimeType !== undefined && !('mimeType' in others) && { mimeType }),
    ...(meta !== undefined && !('_meta' in others) && { _meta: meta }),
  }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((one) => one !== null).map(withoutNulls)
  const members = asObject(value)
  if (members === undefined || JSON.isRawJSON(value)) return value
  return Object.fromEntries(
    Object.entries(members)
      .filter(([, member]) => member !== null)
      .map(([name, member]) => [name, name === '_meta' ? member : withoutNulls(member)]),
  )
}

/** In the alphabet and with the padding that MCP's clients demand; undefined when it is neither. */
function toBase64(data: string): string | undefined {
  const text = data
    .slice(DATA_URL.exec(data.slice(0, 400))?.[0].length ?? 0)
    .replace(/\s+/g, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/')
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const digits = text.slice(0, text.length - padding)
  if (!BASE64.test(digits) || digits.length % 4 === 1) return undefined
  return digits.padEnd(Math.ceil(digits.length / 4) * 4, '=')
}

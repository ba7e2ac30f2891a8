import { decodeUtf8 } from '../../json.ts'
import { isTextType } from './mime-type.ts'

/** What a resource has, as MCP writes it: text, or bytes in base64. */
export type Content = { readonly text: string } | { readonly blob: string }

/** Bytes as MCP's content: text when the type is one of text, or unknown, and they are UTF-8. */
export function toContent(bytes: Buffer, mimeType: string | undefined): Content {
  const isText = mimeType === undefined || isTextType(mimeType)
  const text = isText ? decodeUtf8(bytes) : undefined
  return text === undefined || text.includes('\0') ? { blob: bytes.toString('base64') } : { text }
}

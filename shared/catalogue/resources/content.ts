import { decodeUtf8 } from '../../json.ts'
import { isTextType } from './mime-type.ts'

/** The content of a resource in MCP: text, or bytes in base64. */
export type Content = { readonly text: string } | { readonly blob: string }

/** Returns bytes as MCP content: as text if they are UTF-8 and the type is textual or unknown. */
export function toContent(bytes: Buffer, mimeType: string | undefined): Content {
  const isText = mimeType === undefined || isTextType(mimeType)
  const text = isText ? decodeUtf8(bytes) : undefined
  return text === undefined || text.includes('\0') ? { blob: bytes.toString('base64') } : { text }
}

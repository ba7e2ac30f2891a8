import { randomBytes } from 'node:crypto'
import { asObject } from '../../../shared/json.ts'
import { toBase64, typeOfDataUrl } from '../mcp/base64.ts'
import { ArgumentError } from './argument-error.ts'
import { type Arguments, argumentOf, textOf, wellFormed } from './argument-value.ts'

export interface MultipartOptions {
  /** The fields. A list becomes one part per item. */
  readonly fields: readonly (readonly [name: string, value: unknown])[]
  /** The media types of the fields that declare one. */
  readonly types: ReadonlyMap<string, string>
  /** The names of the arguments that are files. */
  readonly files: ReadonlySet<string>
  readonly args: Arguments
}

const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+$/

/**
 * Returns a multipart/form-data body (RFC 7578). A file argument that is a string must be base64
 * (RFC 4648) or a data URL, whose media type becomes that of the part. ChatGPT's file object
 * (`download_url`, `file_id`) is sent to the backend as JSON, because its URL comes from the caller
 * and the service that fetches it must know which hosts to trust. Fields that are objects are JSON
 * (as in OpenAPI), and all others are text.
 *
 * @throws ArgumentError for a file argument of any other form.
 */
export function createMultipart({ fields, types, files, args }: MultipartOptions): {
  readonly contentType: string
  readonly body: Buffer
} {
  // Random, so that no value contains it.
  const boundary = randomBytes(24).toString('hex')
  const chunks: Buffer[] = []
  const add = (disposition: string, type: string | undefined, content: string | Buffer) => {
    const typeLine = type === undefined ? '' : `Content-Type: ${type}\r\n`
    const head = `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n${typeLine}\r\n`
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    chunks.push(Buffer.from(head), bytes, Buffer.from('\r\n'))
  }
  for (const [name, value] of fields) {
    for (const item of itemsOf(value)) {
      const type = types.get(name) ?? (isNested(item) ? 'application/json' : undefined)
      add(`name="${escapeName(name, name)}"`, type, wellFormed(textOf(item), name))
    }
  }
  for (const name of files) {
    const field = `name="${escapeName(name, name)}"`
    for (const item of itemsOf(argumentOf(args, name))) {
      if (asObject(item) !== undefined) add(field, 'application/json', JSON.stringify(item))
      else {
        const type = typeOfDataUrl(item) ?? ''
        const mediaType = MEDIA_TYPE.test(type) ? type : 'application/octet-stream'
        add(`${field}; filename="${escapeName(name, name)}"`, mediaType, bytesOf(item, name))
      }
    }
  }
  chunks.push(Buffer.from(`--${boundary}--\r\n`))
  return { contentType: `multipart/form-data; boundary=${boundary}`, body: Buffer.concat(chunks) }
}

function itemsOf(value: unknown): readonly unknown[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  return items.filter((item) => item !== undefined && item !== null)
}

function isNested(value: unknown): boolean {
  return Array.isArray(value) || asObject(value) !== undefined
}

function bytesOf(value: unknown, argument: string): Buffer {
  const base64 = toBase64(value)
  if (base64 !== undefined) return Buffer.from(base64, 'base64')
  throw new ArgumentError(argument, 'must be a file in base64, or a file object')
}

/** Escapes a name as browsers do (WHATWG HTML, multipart/form-data encoding algorithm). */
function escapeName(name: string, argument: string): string {
  return wellFormed(name, argument)
    .replaceAll('\r', '%0D')
    .replaceAll('\n', '%0A')
    .replaceAll('"', '%22')
}

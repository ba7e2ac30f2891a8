import { randomBytes } from 'node:crypto'
import { toBase64, typeOfDataUrl } from '../mcp/base64.ts'
import { ArgumentError } from './argument-error.ts'
import { type Arguments, argumentOf, objectOf, textOf, wellFormed } from './argument-value.ts'

export interface MultipartOptions {
  /** Fields by name; a list has a part for each item. */
  readonly fields: readonly (readonly [name: string, value: unknown])[]
  /** Media types of the fields that have one. */
  readonly types: ReadonlyMap<string, string>
  /** The arguments that are files. */
  readonly files: ReadonlySet<string>
  readonly args: Arguments
}

const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+$/

/**
 * A multipart/form-data body (RFC 7578). A file argument that is a string is base64 (RFC 4648, or a
 * data URL, whose media type the part then has) and becomes a file; ChatGPT's file object
 * (`download_url`, `file_id`) goes to the backend as it is, in JSON: the URL comes from the caller, and
 * what fetches it must be what knows which hosts to trust. Of the fields, objects are JSON (as OpenAPI
 * has it) and all else is text.
 *
 * @throws ArgumentError for a file that is neither.
 */
export function createMultipart({ fields, types, files, args }: MultipartOptions): {
  readonly contentType: string
  readonly body: Buffer
} {
  // So random that no value has it.
  const boundary = randomBytes(24).toString('hex')
  const chunks: Buffer[] = []
  const add = (disposition: string, type: string | undefined, content: string | Buffer) => {
    const typeLine = type === undefined ? '' : `Content-Type: ${type}\r\n`
    const head = `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n${typeLine}\r\n`
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    chunks.push(Buffer.from(head), bytes, Buffer.from('\r\n'))
  }
  for (const [name, value] of fields) {
    for (const one of itemsOf(value)) {
      const type = types.get(name) ?? (isNested(one) ? 'application/json' : undefined)
      add(`name="${escaped(name, name)}"`, type, wellFormed(textOf(one), name))
    }
  }
  for (const name of files) {
    const field = `name="${escaped(name, name)}"`
    for (const one of itemsOf(argumentOf(args, name))) {
      if (objectOf(one) !== undefined) add(field, 'application/json', JSON.stringify(one))
      else {
        const type = typeOfDataUrl(one) ?? ''
        const known = MEDIA_TYPE.test(type) ? type : 'application/octet-stream'
        add(`${field}; filename="${escaped(name, name)}"`, known, bytesOf(one, name))
      }
    }
  }
  chunks.push(Buffer.from(`--${boundary}--\r\n`))
  return { contentType: `multipart/form-data; boundary=${boundary}`, body: Buffer.concat(chunks) }
}

function itemsOf(value: unknown): readonly unknown[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  return items.filter((one) => one !== undefined && one !== null)
}

function isNested(value: unknown): boolean {
  return Array.isArray(value) || objectOf(value) !== undefined
}

function bytesOf(value: unknown, argument: string): Buffer {
  const base64 = toBase64(value)
  if (base64 !== undefined) return Buffer.from(base64, 'base64')
  throw new ArgumentError(argument, 'must be a file in base64, or a file object')
}

/** As browsers write it (WHATWG HTML, multipart/form-data encoding algorithm). */
function escaped(name: string, argument: string): string {
  return wellFormed(name, argument)
    .replaceAll('\r', '%0D')
    .replaceAll('\n', '%0A')
    .replaceAll('"', '%22')
}

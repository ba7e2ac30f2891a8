import { readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { ImportError } from '../import-error.ts'

/** What one import may read. */
export interface ReadLimits {
  readonly files: number
  readonly bytes: number
  /** For each document, until its last byte. */
  readonly timeoutMs: number
}

export const READ_LIMITS: ReadLimits = { files: 500, bytes: 128 * 1024 * 1024, timeoutMs: 30_000 }
const MAX_REDIRECTS = 5

/**
 * Returns a reader of documents by URL that counts all that it reads against `limits`. It reads http
 * and https, and files only where the first document is a file.
 *
 * @throws ImportError from the reader, with the URL and the reason.
 */
export function createReader(isRemote: boolean, limits: ReadLimits = READ_LIMITS) {
  let files = 0
  let left = limits.bytes
  return async (url: string): Promise<Buffer> => {
    if (++files > limits.files) throw new ImportError(`more than ${limits.files} files are named`)
    const { protocol } = new URL(url)
    if (protocol === 'file:' && isRemote) {
      throw new ImportError(`${url}: a document from the network may not name files`)
    }
    const bytes =
      protocol === 'file:'
        ? await readLocal(url, left)
        : await readRemote(url, left, limits.timeoutMs)
    left -= bytes.length
    return bytes
  }
}

async function readLocal(url: string, most: number): Promise<Buffer> {
  const path = fileURLToPath(url)
  try {
    const found = await stat(path)
    if (!found.isFile()) throw new ImportError(`${path} is not a file`)
    if (found.size > most) throw tooLarge(path)
    return await readFile(path)
  } catch (error) {
    if (error instanceof ImportError) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new ImportError(`${path} cannot be read (${code})`)
  }
}

async function readRemote(first: string, most: number, timeoutMs: number): Promise<Buffer> {
  const signal = AbortSignal.timeout(timeoutMs)
  let url = first
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    if (!/^https?:$/.test(new URL(url).protocol)) {
      throw new ImportError(`${url}: only http and https are read`)
    }
    const response = await ask(url, signal)
    const location = response.headers.get('location')
    if (response.status < 300 || response.status > 399 || location === null) {
      if (!response.ok) throw new ImportError(`${url} answered ${response.status}`)
      return await bodyOf(response, url, most)
    }
    await response.body?.cancel()
    const next = URL.parse(location, url)
    if (next === null) throw new ImportError(`${url} redirects to what is not a URL`)
    if (new URL(url).protocol === 'https:' && next.protocol !== 'https:') {
      throw new ImportError(`${url} redirects from https to ${next.protocol.slice(0, -1)}`)
    }
    url = next.href
  }
  throw new ImportError(`${first} redirects more than ${MAX_REDIRECTS} times`)
}

async function ask(url: string, signal: AbortSignal): Promise<Response> {
  try {
    const accept = 'application/json, application/yaml, */*;q=0.5'
    return await fetch(url, { redirect: 'manual', signal, headers: { accept } })
  } catch (error) {
    throw new ImportError(`${url} did not answer (${causeOf(error)})`)
  }
}

async function bodyOf(response: Response, url: string, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.length
      if (size > most) throw tooLarge(url)
      chunks.push(chunk)
    }
  } catch (error) {
    throw error instanceof ImportError ? error : new ImportError(`${url}: ${causeOf(error)}`)
  }
  return Buffer.concat(chunks)
}

function tooLarge(name: string): ImportError {
  return new ImportError(`${name} is too large: the files of one import may have 128 MiB in all`)
}

function causeOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(inner instanceof Error)) return 'no answer'
  return 'code' in inner && typeof inner.code === 'string' ? inner.code : inner.message
}

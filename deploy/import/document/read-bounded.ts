import { readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { ImportError, LimitError } from '../import-error.ts'

/** The limits of one import. */
export interface ReadLimits {
  readonly files: number
  readonly bytes: number
  /** The time limit for each document, including its body. */
  readonly timeoutMs: number
  /** The time limit for all documents together. */
  readonly totalMs: number
}

const MIB = 1024 * 1024
export const READ_LIMITS: ReadLimits = {
  files: 20_000,
  bytes: 128 * MIB,
  timeoutMs: 30_000,
  totalMs: 300_000,
}
const MAX_REDIRECTS = 5

/**
 * Returns a reader of documents by URL that enforces `limits` in total. It reads http and https URLs, and
 * files only if the first document is a file.
 *
 * @throws ImportError from the reader, with the URL and the reason; LimitError for a limit of the whole
 *   import.
 */
export function createReader(isRemote: boolean, limits: ReadLimits = READ_LIMITS) {
  const end = performance.now() + limits.totalMs
  let files = 0
  let left = limits.bytes
  return async (url: string): Promise<Buffer> => {
    if (++files > limits.files) {
      throw new LimitError(`the document refers to more than ${limits.files} files`)
    }
    const leftMs = Math.floor(end - performance.now())
    if (leftMs <= 0) {
      throw new LimitError(`reading all files took longer than ${limits.totalMs / 1_000} seconds`)
    }
    const { protocol } = new URL(url)
    if (protocol === 'file:' && isRemote) {
      throw new ImportError(`${url}: a document from the network must not refer to files`)
    }
    const bytes =
      protocol === 'file:'
        ? await readLocal(url, left)
        : await readRemote(url, left, Math.min(limits.timeoutMs, leftMs))
    left -= bytes.length
    // Files are read concurrently.
    if (left < 0) throw tooLarge(url)
    return bytes
  }
}

async function readLocal(url: string, max: number): Promise<Buffer> {
  const path = fileURLToPath(url)
  try {
    const found = await stat(path)
    if (!found.isFile()) throw new ImportError(`${path} is not a file`)
    if (found.size > max) throw tooLarge(path)
    return await readFile(path)
  } catch (error) {
    if (error instanceof ImportError) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new ImportError(`${path} cannot be read (${code})`)
  }
}

async function readRemote(first: string, max: number, timeoutMs: number): Promise<Buffer> {
  const signal = AbortSignal.timeout(timeoutMs)
  let url = first
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    if (!/^https?:$/.test(new URL(url).protocol)) {
      throw new ImportError(`${url}: only http and https are supported`)
    }
    const response = await fetchDocument(url, signal)
    const location = response.headers.get('location')
    if (response.status < 300 || response.status > 399 || location === null) {
      if (!response.ok) throw new ImportError(`${url} returned ${response.status}`)
      return await bodyOf(response, url, max)
    }
    await response.body?.cancel()
    const next = URL.parse(location, url)
    if (next === null) throw new ImportError(`${url} redirects to an invalid URL`)
    if (new URL(url).protocol === 'https:' && next.protocol !== 'https:') {
      throw new ImportError(`${url} redirects from https to ${next.protocol.slice(0, -1)}`)
    }
    url = next.href
  }
  throw new ImportError(`${first} redirects more than ${MAX_REDIRECTS} times`)
}

async function fetchDocument(url: string, signal: AbortSignal): Promise<Response> {
  try {
    const accept = 'application/json, application/yaml, */*;q=0.5'
    return await fetch(url, { redirect: 'manual', signal, headers: { accept } })
  } catch (error) {
    throw new ImportError(`${url} did not respond (${causeOf(error)})`)
  }
}

async function bodyOf(response: Response, url: string, max: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.length
      if (size > max) throw tooLarge(url)
      chunks.push(chunk)
    }
  } catch (error) {
    throw error instanceof ImportError ? error : new ImportError(`${url}: ${causeOf(error)}`)
  }
  return Buffer.concat(chunks)
}

function tooLarge(name: string): LimitError {
  const limit = READ_LIMITS.bytes / MIB
  return new LimitError(
    `${name} is too large: the limit for all files of one import is ${limit} MiB`,
  )
}

function causeOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(inner instanceof Error)) return 'no response'
  return 'code' in inner && typeof inner.code === 'string' ? inner.code : inner.message
}

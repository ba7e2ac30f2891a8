import { $RefParser } from '@apidevtools/json-schema-ref-parser'
import { FileNeededError, LimitError } from '../import-error.ts'
import { createReader, type ReadLimits } from './read-bounded.ts'
import { refuseAliases } from './refuse-aliases.ts'

/** A file that was read: its value, or the reason why it could not be read. */
export type DocumentFile = { readonly value: unknown } | { readonly fault: string }

/** The files of a document, by absolute URL. Each is read at most once, when it is needed. */
export interface DocumentFiles {
  /** Returns a file that has been read. @throws FileNeededError for another one. */
  readonly get: (url: string) => DocumentFile
  /** Replaces the value of a file. */
  readonly set: (url: string, value: unknown) => void
  /** Reads a file. Does not report faults; `get` returns them. */
  readonly read: (url: string) => Promise<void>
  /**
   * Runs a conversion, and repeats it after each file that it needs. The conversion must not have other
   * effects until it returns.
   */
  readonly reading: <Result>(convert: () => Result) => Promise<Result>
  /** Returns the limit of the import that was reached, as a message; undefined if none was. */
  readonly reachedLimit: () => string | undefined
}

/** Creates the files of the document at this URL. Files are read only if the document is a file. */
export function createFiles(documentUrl: string, limits: ReadLimits): DocumentFiles {
  const readBytes = createReader(!documentUrl.startsWith('file:'), limits)
  const files = new Map<string, DocumentFile>()
  const pending = new Map<string, Promise<void>>()
  let reachedLimit: string | undefined

  const readOnce = async (url: string) => {
    try {
      const bytes = await readBytes(url)
      refuseAliases(bytes, url)
      files.set(url, { value: await parsed(bytes, url) })
    } catch (error) {
      const fault = messageOf(error)
      if (error instanceof LimitError) reachedLimit ??= fault
      files.set(url, { fault })
    }
  }
  const read = (url: string) => {
    const reading = pending.get(url) ?? readOnce(url)
    pending.set(url, reading)
    return reading
  }
  const get = (url: string) => {
    const file = files.get(url)
    if (file === undefined) throw new FileNeededError(url)
    return file
  }
  return {
    get,
    read,
    set: (url, value) => files.set(url, { value }),
    reachedLimit: () => reachedLimit,
    reading: async (convert) => {
      for (;;) {
        try {
          return convert()
        } catch (error) {
          if (!(error instanceof FileNeededError)) throw error
          await read(error.url)
        }
      }
    },
  }
}

/** Returns a short reason of an error for people. */
export function messageOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return (inner instanceof Error ? inner.message : String(inner)).slice(0, 300)
}

/** Parses JSON or YAML. */
async function parsed(bytes: Buffer, url: string): Promise<unknown> {
  return await new $RefParser().parse(url, {
    parse: { text: false, binary: false },
    resolve: {
      file: false,
      http: false,
      given: { order: 1, canRead: true, read: () => bytes },
    },
  })
}

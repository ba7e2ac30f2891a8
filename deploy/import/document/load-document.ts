import { resolve as resolvePath } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import {
  $RefParser,
  JSONParserErrorGroup,
  ParserError,
  ResolverError,
} from '@apidevtools/json-schema-ref-parser'
import { upgrade } from '@scalar/openapi-upgrader'
import { asObject } from '../../../shared/json.ts'
import { ImportError, OperationError } from '../import-error.ts'
import { inlineOldParameters } from './old-parameters.ts'
import { at, findAnchor, type Place } from './place.ts'
import { createReader, READ_LIMITS, type ReadLimits } from './read-bounded.ts'
import { refuseAliases } from './refuse-aliases.ts'

/** An OpenAPI document with all the files that it refers to. */
export interface ApiDocument {
  readonly root: Place
  /** The version as written, such as `2.0` or `3.1.1`. */
  readonly version: string
  /** Whether schemas are of OpenAPI 3.0 or 2.0, whose keywords differ from JSON Schema. */
  readonly hasOldSchemas: boolean
  /** One line per file that could not be read. Only operations that refer to such a file fail. */
  readonly problems: readonly string[]
  /** Returns the target of a reference. @throws OperationError if it does not exist. */
  readonly resolve: (reference: string, from: Place) => Place
}

const MAX_PROBLEMS = 20

/**
 * Reads an OpenAPI document of version 2.0, 3.0, 3.1 or 3.2 from a path or an http(s) URL, with all
 * files that it refers to. Converts version 2.0 to 3.0. Does not validate the document.
 *
 * @throws ImportError if the document cannot be read or has another version.
 */
export async function loadDocument(
  source: string,
  limits: ReadLimits = READ_LIMITS,
): Promise<ApiDocument> {
  const url = urlOf(source)
  const { files, problems } = await readAll(url, limits)
  const written = asObject(files.get(url))
  if (written === undefined) {
    throw new ImportError(problems[0] ?? `${source} is not a mapping in JSON or YAML`)
  }
  const version = String(written['openapi'] ?? written['swagger'] ?? '')
  if (!/^(2\.0|3\.[012](\.|$))/.test(version)) {
    throw new ImportError(
      version === ''
        ? `${source} is not an OpenAPI document: it has neither openapi nor swagger`
        : `${source} is OpenAPI ${version.slice(0, 20)}; supported versions are 2.0, 3.0, 3.1 and 3.2`,
    )
  }
  if (version === '2.0') files.set(url, upgradeDocument(written, source))
  return {
    root: { value: files.get(url), url, pointer: '' },
    version,
    hasOldSchemas: /^(2|3\.0)/.test(version),
    problems,
    resolve: (reference, from) => resolveIn(files, reference, from),
  }
}

/** Returns the URL of a source; a path becomes a `file:` URL. @throws ImportError for other schemes. */
export function urlOf(source: string): string {
  const url = /^[a-z][a-z0-9+.-]+:\/\//i.test(source) ? URL.parse(source) : null
  if (url === null) return pathToFileURL(resolvePath(source)).href
  if (!/^https?:$/.test(url.protocol))
    throw new ImportError('only http and https URLs are supported')
  url.hash = ''
  return url.href
}

/** Reads all files. The library finds the references and parses each file once; the reader limits the size. */
async function readAll(url: string, limits: ReadLimits) {
  const read = createReader(!url.startsWith('file:'), limits)
  const parser = new $RefParser()
  const problems = new Set<string>()
  const failed = new Set<string>()
  const readNamed = async ({ url: named }: { readonly url: string }) => {
    try {
      const bytes = await read(toUrl(named))
      refuseAliases(bytes, named)
      return bytes
    } catch (error) {
      failed.add(toUrl(named))
      problems.add(messageOf(error))
      throw error
    }
  }
  try {
    // The library would encode a file: URL a second time.
    await parser.resolve(url.startsWith('file:') ? fileURLToPath(url) : url, {
      continueOnError: true,
      parse: { text: false, binary: false },
      resolve: {
        file: false,
        http: false,
        bounded: { order: 1, canRead: true, read: readNamed },
      },
    })
  } catch (error) {
    const errors: readonly unknown[] =
      error instanceof JSONParserErrorGroup ? error.errors : [error]
    for (const one of errors) {
      if (one instanceof ParserError && one.source !== undefined) failed.add(toUrl(one.source))
      // The reader has already reported its errors with better messages.
      if (!(one instanceof ResolverError)) problems.add(messageOf(one))
    }
  }
  // The library uses an empty value for a file that it could not read.
  const files = Object.entries(parser.$refs.values())
    .map(([path, value]) => [toUrl(path), value as unknown] as const)
    .filter(([name]) => !failed.has(name))
  return { files: new Map(files), problems: [...problems].slice(0, MAX_PROBLEMS) }
}

function messageOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return (inner instanceof Error ? inner.message : String(inner)).slice(0, 300)
}

/** The library returns percent-encoded file paths. */
function toUrl(path: string): string {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) return path
  return new URL(`file://${path.startsWith('/') ? '' : '/'}${path}`).href
}

function upgradeDocument(written: Readonly<Record<string, unknown>>, source: string): unknown {
  try {
    return upgrade(inlineOldParameters(written), '3.0')
  } catch (error) {
    throw new ImportError(`${source} cannot be converted from OpenAPI 2.0: ${messageOf(error)}`)
  }
}

function resolveIn(files: ReadonlyMap<string, unknown>, reference: string, from: Place): Place {
  const target = URL.parse(reference, from.url)
  if (target === null) throw new OperationError(`the reference ${quoted(reference)} is not a URL`)
  const fragment = target.hash.slice(1)
  target.hash = ''
  const file = files.get(target.href)
  if (file === undefined) {
    throw new OperationError(`the file of the reference ${quoted(reference)} could not be read`)
  }
  const root: Place = { value: file, url: target.href, pointer: '' }
  const found =
    fragment === '' || fragment.startsWith('/')
      ? at(root, decode(fragment))
      : findAnchor(root, decode(fragment))
  if (found === undefined)
    throw new OperationError(`the target of the reference ${quoted(reference)} does not exist`)
  return found
}

function decode(fragment: string): string {
  try {
    return decodeURIComponent(fragment)
  } catch {
    return fragment
  }
}

function quoted(reference: string): string {
  return JSON.stringify(reference.slice(0, 200))
}

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
  /** Whether schemas are of OpenAPI 3.0 (and 2.0), whose keywords differ from JSON Schema. */
  readonly hasOldSchemas: boolean
  /** Files that could not be read, a line each; only operations that need them are affected. */
  readonly problems: readonly string[]
  /** The value that a reference names. @throws OperationError when there is none. */
  readonly resolve: (reference: string, from: Place) => Place
}

const MAX_PROBLEMS = 20

/**
 * Reads an OpenAPI document of version 2.0, 3.0, 3.1 or 3.2 from a path or an http(s) URL, with all
 * files that it names. Version 2.0 is converted to 3.0. Does not validate the document.
 *
 * @throws ImportError when the document cannot be read or is of no such version.
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
        : `${source} is OpenAPI ${version.slice(0, 20)}; 2.0, 3.0, 3.1 and 3.2 are read`,
    )
  }
  if (version === '2.0') files.set(url, asNew(written, source))
  return {
    root: { value: files.get(url), url, pointer: '' },
    version,
    hasOldSchemas: /^(2|3\.0)/.test(version),
    problems,
    resolve: (reference, from) => resolveIn(files, reference, from),
  }
}

/** The URL of a source: a path becomes a `file:` URL. @throws ImportError for other schemes. */
export function urlOf(source: string): string {
  const url = /^[a-z][a-z0-9+.-]+:\/\//i.test(source) ? URL.parse(source) : null
  if (url === null) return pathToFileURL(resolvePath(source)).href
  if (!/^https?:$/.test(url.protocol)) throw new ImportError('only http and https URLs are read')
  url.hash = ''
  return url.href
}

/** The library finds the references and parses each file once; what it reads is bounded. */
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
    // The library would encode a file: URL once more.
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
      // Those of the reader are known, in better words.
      if (!(one instanceof ResolverError)) problems.add(messageOf(one))
    }
  }
  // The library goes on with an empty value for a file that it could not have.
  const files = Object.entries(parser.$refs.values())
    .map(([path, value]) => [toUrl(path), value as unknown] as const)
    .filter(([name]) => !failed.has(name))
  return { files: new Map(files), problems: [...problems].slice(0, MAX_PROBLEMS) }
}

function messageOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return (inner instanceof Error ? inner.message : String(inner)).slice(0, 300)
}

/** The library names files by paths that are percent-encoded as in URLs. */
function toUrl(path: string): string {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) return path
  return new URL(`file://${path.startsWith('/') ? '' : '/'}${path}`).href
}

function asNew(written: Readonly<Record<string, unknown>>, source: string): unknown {
  try {
    return upgrade(inlineOldParameters(written), '3.0')
  } catch (error) {
    throw new ImportError(`${source} cannot be converted from OpenAPI 2.0: ${messageOf(error)}`)
  }
}

function resolveIn(files: ReadonlyMap<string, unknown>, reference: string, from: Place): Place {
  const target = URL.parse(reference, from.url)
  if (target === null) throw new OperationError(`the reference ${shown(reference)} is not a URL`)
  const fragment = target.hash.slice(1)
  target.hash = ''
  const file = files.get(target.href)
  if (file === undefined) {
    throw new OperationError(`the file of the reference ${shown(reference)} could not be read`)
  }
  const root: Place = { value: file, url: target.href, pointer: '' }
  const found =
    fragment === '' || fragment.startsWith('/')
      ? at(root, decode(fragment))
      : findAnchor(root, decode(fragment))
  if (found === undefined)
    throw new OperationError(`the reference ${shown(reference)} leads nowhere`)
  return found
}

function decode(fragment: string): string {
  try {
    return decodeURIComponent(fragment)
  } catch {
    return fragment
  }
}

function shown(reference: string): string {
  return JSON.stringify(reference.slice(0, 200))
}

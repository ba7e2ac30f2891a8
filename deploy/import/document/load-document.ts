import { resolve as resolvePath } from 'node:path'
import { pathToFileURL } from 'node:url'
import { upgrade } from '@scalar/openapi-upgrader'
import { asObject } from '../../../shared/json.ts'
import { ImportError, UnresolvedError } from '../import-error.ts'
import { createFiles, type DocumentFiles, messageOf } from './document-files.ts'
import { inlineOldFiles } from './old-files.ts'
import { inlineOldParameters } from './old-parameters.ts'
import { at, findAnchor, type Place } from './place.ts'
import { READ_LIMITS, type ReadLimits } from './read-bounded.ts'

/** An OpenAPI document. The files that it refers to are read when a conversion needs them. */
export interface ApiDocument extends Pick<DocumentFiles, 'reading' | 'reachedLimit'> {
  readonly root: Place
  /** The version as written, such as `2.0` or `3.1.1`. */
  readonly version: string
  /** Whether schemas are of OpenAPI 3.0 or 2.0, whose keywords differ from JSON Schema. */
  readonly hasOldSchemas: boolean
  /**
   * Returns the target of a reference. Call it within `reading`.
   *
   * @throws UnresolvedError if the target does not exist or its file could not be read; FileNeededError if
   *   its file has not been read.
   */
  readonly resolve: (reference: string, from: Place) => Place
}

/**
 * Reads an OpenAPI document of version 2.0, 3.0, 3.1 or 3.2 from a path or an http(s) URL. Converts
 * version 2.0 to 3.0. Does not validate the document.
 *
 * @throws ImportError if the document cannot be read or has another version.
 */
export async function loadDocument(
  source: string,
  limits: ReadLimits = READ_LIMITS,
): Promise<ApiDocument> {
  const url = urlOf(source)
  const files = createFiles(url, limits)
  await files.read(url)
  const file = files.get(url)
  if ('fault' in file) throw new ImportError(file.fault)
  const written = asObject(file.value)
  if (written === undefined) {
    throw new ImportError(`${source} is not a mapping in JSON or YAML`)
  }
  const version = String(written['openapi'] ?? written['swagger'] ?? '')
  if (!/^(2\.0|3\.[012](\.|$))/.test(version)) {
    throw new ImportError(
      version === ''
        ? `${source} is not an OpenAPI document: it has neither openapi nor swagger`
        : `${source} is OpenAPI ${version.slice(0, 20)}; supported versions are 2.0, 3.0, 3.1 and 3.2`,
    )
  }
  const resolve: ApiDocument['resolve'] = (reference, from) => resolveIn(files, reference, from)
  const whole = { value: written, url, pointer: '' }
  const value =
    version === '2.0'
      ? upgradeDocument(await files.reading(() => inlineOldFiles(whole, resolve)), source)
      : written
  files.set(url, value)
  return {
    root: { value, url, pointer: '' },
    version,
    hasOldSchemas: /^(2|3\.0)/.test(version),
    reading: files.reading,
    reachedLimit: files.reachedLimit,
    resolve,
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

function upgradeDocument(written: Readonly<Record<string, unknown>>, source: string): unknown {
  try {
    return upgrade(inlineOldParameters(written), '3.0')
  } catch (error) {
    throw new ImportError(`${source} cannot be converted from OpenAPI 2.0: ${messageOf(error)}`)
  }
}

function resolveIn(files: DocumentFiles, reference: string, from: Place): Place {
  const target = URL.parse(reference, from.url)
  if (target === null) throw new UnresolvedError(`the reference ${quoted(reference)} is not a URL`)
  const fragment = target.hash.slice(1)
  target.hash = ''
  const file = files.get(target.href)
  if ('fault' in file) {
    throw new UnresolvedError(
      `the file of the reference ${quoted(reference)} could not be read: ${file.fault}`,
    )
  }
  const root: Place = { value: file.value, url: target.href, pointer: '' }
  const found =
    fragment === '' || fragment.startsWith('/')
      ? at(root, decode(fragment))
      : findAnchor(root, decode(fragment))
  if (found === undefined)
    throw new UnresolvedError(`the target of the reference ${quoted(reference)} does not exist`)
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

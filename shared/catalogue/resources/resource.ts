import '../../schema-messages.ts'

import * as z from 'zod/mini'
import { asObject } from '../../json.ts'
import { lazily } from '../../lazily.ts'
import { type AccessRule, ruleOfSchemes, ruleOfScopes, schemeList, scopeList } from '../access.ts'
import { unknownMember } from '../unknown-member.ts'
import type { CatalogueFiles } from './catalogue-files.ts'
import { FileFault, nameOf } from './catalogue-files.ts'
import { type Content, toContent } from './content.ts'
import { mimeTypeOf, UI_MIME_TYPE } from './mime-type.ts'
import { uiMetaFaults } from './ui-meta.ts'

type Members = Readonly<Record<string, unknown>>

/** A backend that returns the content of a resource, at this path below FUNCTIONS_BASE. */
export interface BackendSource {
  readonly path: string
  readonly timeoutMs?: number | undefined
}

/** The source of a resource's content. */
export type ResourceSource = { readonly content: Content } | BackendSource

/** A checked resource of the catalogue. */
export interface ResourceEntry extends AccessRule {
  readonly uri: string
  readonly name: string
  readonly title?: string | undefined
  readonly description?: string | undefined
  /** Undefined only if a backend returns the content, and the type with it. */
  readonly mimeType?: string | undefined
  /** In bytes; undefined if a backend returns the content. */
  readonly size?: number | undefined
  readonly annotations?: Members | undefined
  readonly icons?: readonly Members[] | undefined
  readonly _meta?: Members | undefined
  readonly source: ResourceSource
}

/** A resource that may take its access from the tools whose UI it is. */
export type RawResource = Omit<ResourceEntry, 'access' | 'scopes'> & {
  readonly rule: AccessRule | undefined
}

export interface ReadResource {
  readonly resource?: RawResource
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
}

/** The maximum size of the file of one resource. */
export const MAX_RESOURCE_BYTES = 4 * 1024 * 1024

const entry = lazily(() =>
  z.object({
    uri: z.string(),
    name: z.optional(z.string().check(z.minLength(1))),
    title: z.optional(z.string()),
    description: z.optional(z.string()),
    mimeType: z.optional(
      z.string().check(z.regex(/^[\w.+-]+\/[\w.+-]+(?:\s*;.*)?$/, 'must be a media type')),
    ),
    file: z.optional(z.string().check(z.minLength(1))),
    text: z.optional(z.string()),
    request: z.optional(
      z.strictObject({
        url: z
          .string()
          .check(
            z.regex(
              /^\/?(?!\/)(?!.*(?:^|\/)\.{1,2}(?:\/|$))[\w./~%-]+$/,
              'must be a path under FUNCTIONS_BASE',
            ),
          ),
      }),
    ),
    timeoutMs: z.optional(z.int().check(z.gte(1), z.lte(600_000))),
    annotations: z.optional(z.looseObject({})),
    icons: z.optional(z.array(z.looseObject({ src: z.string() }))),
    _meta: z.optional(z.record(z.string(), z.unknown())),
    scopes: z.optional(scopeList()),
    securitySchemes: z.optional(schemeList()),
  }),
)

/**
 * Reads one entry of `resources`. Of the catalogue's `defaults`, only those of access apply to it. A
 * null member counts as absent; an unknown member is ignored with a warning.
 */
export function readResource(
  written: Members,
  defaults: Members,
  files: CatalogueFiles,
): ReadResource {
  const own = Object.fromEntries(Object.entries(written).filter(([, member]) => member != null))
  const saysAccess = own['scopes'] !== undefined || own['securitySchemes'] !== undefined
  const { scopes = undefined, securitySchemes = undefined } = saysAccess ? {} : defaults
  const access = { scopes: scopes ?? undefined, securitySchemes: securitySchemes ?? undefined }
  const parsed = entry().safeParse({ ...access, ...own }, { jitless: true })
  const warnings = Object.keys(own)
    .filter((name) => !Object.hasOwn(entry().shape, name))
    .map((name) => unknownMember(name, Object.keys(entry().shape)))
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    return { faults, warnings }
  }
  const { data } = parsed
  const byScopes = data.scopes && ruleOfScopes(data.scopes)
  const rule = data.securitySchemes ? ruleOfSchemes(data.securitySchemes) : byScopes
  const isUi = data.uri.startsWith('ui://')
  const faults = [...sourceFaults(own), ...uriFaults(data.uri), ...uiMetaFaults(data._meta)]
  if (isUi && data.mimeType !== undefined && data.mimeType !== UI_MIME_TYPE) {
    faults.push(`mimeType: a ui:// resource must be ${UI_MIME_TYPE}`)
  }
  if (faults.length > 0) return { faults, warnings }
  const named = data.mimeType ?? (isUi ? UI_MIME_TYPE : mimeTypeOf(data.file ?? ''))
  const mimeType = named ?? (data.text === undefined ? undefined : 'text/plain')
  try {
    const read = contentOf(data, mimeType, files)
    return { resource: { ...described(data), mimeType, ...read, rule }, faults, warnings }
  } catch (error) {
    if (!(error instanceof FileFault)) throw error
    return { faults: [`file: ${error.message}`], warnings }
  }
}

type Entry = z.output<ReturnType<typeof entry>>

function described({ uri, name, title, description, annotations, icons, _meta, file }: Entry) {
  const own = name ?? (nameOf(file ?? '') || lastPart(uri))
  return { uri, name: own, title, description, annotations, icons, _meta }
}

function lastPart(uri: string): string {
  return uri.replace(/\/+$/, '').split('/').at(-1) || uri
}

function contentOf(
  { file, text, request, timeoutMs }: Entry,
  mimeType: string | undefined,
  files: CatalogueFiles,
): Pick<RawResource, 'source' | 'size'> {
  if (request !== undefined) {
    return { source: { path: request.url.replace(/^\//, ''), timeoutMs } }
  }
  if (text !== undefined) return { source: { content: { text } }, size: Buffer.byteLength(text) }
  const bytes = files.read(file ?? '', MAX_RESOURCE_BYTES)
  const content = toContent(bytes, mimeType)
  if (mimeType === UI_MIME_TYPE && 'blob' in content) {
    throw new FileFault('must be HTML in UTF-8')
  }
  return { source: { content }, size: bytes.length }
}

function sourceFaults(own: Members): string[] {
  const given = ['file', 'text', 'request'].filter((name) => own[name] !== undefined)
  if (given.length === 1) return []
  const which = given.length === 0 ? 'none' : given.join(' and ')
  return [`must have exactly one of file, text and request, but has ${which}`]
}

function uriFaults(uri: string): string[] {
  if (!URL.canParse(uri) || /\s/.test(uri)) return ['uri: must be an absolute URI']
  if (uri.startsWith('skill://')) return ['uri: skill:// resources come from skills']
  return uri.startsWith('ui:') && !/^ui:\/\/[^/]/.test(uri) ? ['uri: must be ui://NAME'] : []
}

/**
 * Returns the entries of a mapping by URI or of a list, each with its URI; undefined for any other
 * value.
 */
export function resourceEntries(written: unknown): readonly Members[] | undefined {
  if (written == null) return []
  if (Array.isArray(written)) return written.map((one: unknown) => asObject(one) ?? {})
  const mapping = asObject(written)
  return mapping && Object.entries(mapping).map(([uri, one]) => ({ ...asObject(one), uri }))
}

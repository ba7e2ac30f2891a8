import { isOpen } from '../../../shared/catalogue/access.ts'
import { asTraceparent } from '../../../shared/http/trace-context.ts'
import { asObject } from '../../../shared/json.ts'
import type { AnswerMethod } from '../mcp/context.ts'
import { CODES, invalidParams, isAbsent, RpcError } from '../mcp/json-rpc.ts'
import type { Writer } from '../mcp/mcp-result.ts'
import type { Era } from '../mcp/revision.ts'
import { CACHE_MS } from '../mcp/tool-list.ts'
import { cacheHintOf, type FetchResource, ResourceError, readContents } from './read-resource.ts'
import { canonicalUri, type ServedResources } from './resources.ts'

/** The error code for a resource that does not exist, by era. */
const NOT_FOUND: Readonly<Record<Era, number>> = {
  handshake: CODES.resourceNotFound,
  stateless: CODES.invalidParams,
}

export interface ResourceMethodsOptions {
  readonly served: ServedResources
  readonly fetchResource: FetchResource
  readonly write: Writer
  /** Whether clients may connect and read the lists without a token. */
  readonly isPublic: boolean
}

/**
 * Returns the methods `resources/list`, `resources/templates/list` and `resources/read`, and with
 * skills also `skills/list` and `skills/get`. Returns none for a catalogue without resources. Each
 * list has one page.
 */
export function resourceMethods(
  options: ResourceMethodsOptions,
): ReadonlyMap<string, AnswerMethod> {
  const { served, fetchResource, write, isPublic } = options
  if (served.readable.size === 0) return new Map()
  const cacheable = { ttlMs: CACHE_MS, cacheScope: isPublic ? 'public' : 'private' } as const
  const listOf = (members: Readonly<Record<string, unknown>>): AnswerMethod => {
    const texts = { handshake: write(members, 'handshake'), stateless: '' }
    texts.stateless = write({ ...members, ...cacheable }, 'stateless')
    return ({ era }, { params }) => {
      const { cursor } = params
      if (isAbsent(cursor) || cursor === '') return texts[era]
      throw invalidParams('cursor is not supported, because the list has one page')
    }
  }

  const read: AnswerMethod = (context, { params }) => {
    const { era, request, log, caller, budget } = context
    const { uri } = params
    if (typeof uri !== 'string') throw invalidParams('uri must be a string')
    const { resource } = context.named
    if (resource === undefined) throw notFound(era, uri)
    const hint = era === 'stateless' ? cacheHintOf(resource, CACHE_MS) : {}
    const traceparent =
      request.traceparent ?? asTraceparent(asObject(params['_meta'])?.['traceparent'])
    const { id: requestId, onDisconnect } = request
    const sent = { caller, requestId, traceparent, onDisconnect, budget, log }
    // Otherwise other long requests would wait for this backend.
    context.place.leave()
    return readContents(resource, sent, fetchResource).then(
      (contents) => write({ contents, ...hint }, era),
      (error: unknown) => {
        if (!(error instanceof ResourceError)) throw error
        if (error.reason === 'backend_http_404') throw notFound(era, resource.uri)
        throw new RpcError(200, CODES.internalError, error.message)
      },
    )
  }
  const getSkill: AnswerMethod = ({ era }, { params }) => {
    const { uri } = params
    if (typeof uri !== 'string') throw invalidParams('uri must be a string')
    const entry = served.skills.get(canonicalUri(uri))
    if (entry === undefined)
      throw new RpcError(200, CODES.invalidParams, 'Skill not found.', { uri })
    const scope = isOpen(entry) || isPublic ? 'public' : 'private'
    const hint = era === 'stateless' && { ttlMs: CACHE_MS, cacheScope: scope }
    return write({ skill: entry.skill, ...hint }, era)
  }

  const skills = [...served.skills.values()].map(({ skill }) => skill)
  return new Map<string, AnswerMethod>([
    ['resources/list', listOf({ resources: served.listed })],
    ['resources/templates/list', listOf({ resourceTemplates: [] })],
    ['resources/read', read],
    ...(skills.length > 0
      ? ([
          ['skills/list', listOf({ skills })],
          ['skills/get', getSkill],
        ] as const)
      : []),
  ])
}

function notFound(era: Era, uri: string): RpcError {
  return new RpcError(200, NOT_FOUND[era], 'Resource not found.', { uri: uri.slice(0, 2_048) })
}

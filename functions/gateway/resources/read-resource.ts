import { isOpen } from '../../../shared/catalogue/access.ts'
import { type Content, toContent } from '../../../shared/catalogue/resources/content.ts'
import type { BackendSource } from '../../../shared/catalogue/resources/resource.ts'
import type { Log } from '../../../shared/log.ts'
import type { Caller } from '../authenticator.ts'
import { auditDecision } from '../authorization.ts'
import type { ByteBudget } from '../backend/response-budget.ts'
import type { BackendResponse } from '../backend/send.ts'
import { contentsOf, type ReadableResource } from './resources.ts'

/** What a resource's backend answers, whole. @throws SendError or GoogleIdentityError without it. */
export type FetchResource = (
  resource: { readonly uri: string; readonly source: BackendSource },
  exchange: ResourceExchange,
) => Promise<BackendResponse>

/** The request for which a resource is fetched. */
export interface ResourceExchange {
  readonly caller: Caller | undefined
  readonly requestId: string
  readonly traceparent: string | undefined
  readonly signal: AbortSignal
  /** Counts the bytes of the answer; false once there are too many. */
  readonly budget: ByteBudget
  readonly log: Log
}

/** A resource that its backend does not give; `reason` is for the log. */
export class ResourceError extends Error {
  override readonly name = 'ResourceError'
  readonly reason: string

  constructor(reason: string, cause?: unknown) {
    super('The resource cannot be read right now.', { cause })
    this.reason = reason
  }
}

/** How long the content may be kept, and by whom (MCP 2026-07-28, caching). */
export function cacheHintOf(resource: ReadableResource, keptMs: number) {
  const isStatic = 'content' in resource.source
  return {
    ttlMs: isStatic ? keptMs : 0,
    cacheScope: isStatic && isOpen(resource) ? 'public' : 'private',
  } as const
}

/**
 * The `contents` of a resource that the caller may read; writes the audit record `resource_read`, and
 * of a backend's, when it has answered, `resource_answered`.
 *
 * @throws ResourceError when its backend does not give it.
 */
export async function readContents(
  resource: ReadableResource,
  exchange: ResourceExchange,
  fetchResource: FetchResource,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { source } = resource
  auditDecision(resource, exchange.caller, exchange.log, { decision: 'allowed' })
  if ('content' in source) return [contentsOf(resource, source.content)]
  const startedAt = performance.now()
  let ended: { readonly status: number; readonly reason?: string } = {
    status: 500,
    reason: 'internal_error',
  }
  try {
    const answer = await fetchResource({ uri: resource.uri, source }, exchange)
    ended = { status: answer.status }
    if (answer.status !== 200) throw new ResourceError(`backend_http_${answer.status}`)
    const { content, mimeType } = read(answer, resource.mimeType)
    return [contentsOf({ ...resource, mimeType }, content)]
  } catch (error) {
    if (error instanceof ResourceError) ended = { status: 502, reason: error.reason }
    throw error
  } finally {
    const ms = Math.round(performance.now() - startedAt)
    const severity = ended.status >= 500 ? 'ERROR' : 'NOTICE'
    exchange.log.audit('resource_answered', { resource: resource.uri, ...ended, ms }, severity)
  }
}

function read(
  { contentType, contentEncoding, body }: BackendResponse,
  expected: string | undefined,
): { readonly content: Content; readonly mimeType: string | undefined } {
  if (contentEncoding !== undefined && contentEncoding !== 'identity') {
    throw new ResourceError('backend_content_encoding')
  }
  const mimeType = expected ?? (contentType.replace(/\s*;.*$/s, '').toLowerCase() || undefined)
  const content = toContent(body, mimeType)
  if (resourceMustBeText(mimeType) && 'blob' in content) throw new ResourceError('backend_not_utf8')
  return { content, mimeType }
}

function resourceMustBeText(mimeType: string | undefined): boolean {
  return mimeType?.startsWith('text/') ?? false
}

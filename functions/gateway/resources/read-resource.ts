import type { OnDisconnect } from '../../../shared/http/disconnect.ts'
import { isOpen } from '../../../shared/catalogue/access.ts'
import { type Content, toContent } from '../../../shared/catalogue/resources/content.ts'
import type { BackendSource } from '../../../shared/catalogue/resources/resource.ts'
import type { Log } from '../../../shared/log.ts'
import { monotonicMs } from '../../../shared/monotonic.ts'
import type { Caller } from '../authenticator.ts'
import { auditDecision } from '../authorization.ts'
import type { ByteBudget } from '../backend/response-budget.ts'
import type { BackendResponse } from '../backend/send.ts'
import { contentsOf, type ReadableResource } from './resources.ts'

/**
 * Returns the complete response of a resource's backend.
 * @throws ResourceError if there is none.
 */
export type FetchResource = (
  resource: { readonly uri: string; readonly source: BackendSource },
  exchange: ResourceExchange,
) => Promise<BackendResponse>

/** The request that reads a resource. */
export interface ResourceExchange {
  readonly caller: Caller | undefined
  readonly requestId: string
  readonly traceparent: string | undefined
  readonly onDisconnect: OnDisconnect
  /** Limits the received bytes of the response. */
  readonly budget: ByteBudget
  readonly log: Log
}

/** The backend did not return the resource. `reason` is for the log. */
export class ResourceError extends Error {
  override readonly name = 'ResourceError'
  readonly reason: string

  constructor(reason: string, cause?: unknown) {
    super('The resource cannot be read right now.', { cause })
    this.reason = reason
  }
}

/**
 * Returns how long the content may be cached and by whom (MCP 2026-07-28, caching). `staticTtlMs`
 * applies to static content.
 */
export function cacheHintOf(resource: ReadableResource, staticTtlMs: number) {
  const isStatic = 'content' in resource.source
  return {
    ttlMs: isStatic ? staticTtlMs : 0,
    cacheScope: isStatic && isOpen(resource) ? 'public' : 'private',
  } as const
}

/**
 * Returns the `contents` of a resource that the caller may read. Writes the audit record
 * `resource_read`, and for a resource of a backend also `resource_answered` at the end.
 *
 * @throws ResourceError if the backend does not return the resource.
 */
export async function readContents(
  resource: ReadableResource,
  exchange: ResourceExchange,
  fetchResource: FetchResource,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { source } = resource
  auditDecision(resource, exchange.caller, exchange.log, { decision: 'allowed' })
  if ('content' in source) return [contentsOf(resource, source.content)]
  const startedAt = monotonicMs()
  let finalStatus: { readonly status: number; readonly reason?: string } = {
    status: 500,
    reason: 'internal_error',
  }
  try {
    const answer = await fetchResource({ uri: resource.uri, source }, exchange)
    finalStatus = { status: answer.status }
    if (answer.status !== 200) throw new ResourceError(`backend_http_${answer.status}`)
    const { content, mimeType } = read(answer, resource.mimeType)
    return [contentsOf({ ...resource, mimeType }, content)]
  } catch (error) {
    if (error instanceof ResourceError) finalStatus = { status: 502, reason: error.reason }
    throw error
  } finally {
    const ms = Math.round(monotonicMs() - startedAt)
    const severity = finalStatus.status >= 500 ? 'ERROR' : 'NOTICE'
    exchange.log.audit(
      'resource_answered',
      { resource: resource.uri, ...finalStatus, ms },
      severity,
    )
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
  if (isTextType(mimeType) && 'blob' in content) throw new ResourceError('backend_not_utf8')
  return { content, mimeType }
}

function isTextType(mimeType: string | undefined): boolean {
  return mimeType?.startsWith('text/') ?? false
}

import type { Check } from '../check.ts'
import type { DeploymentObservation } from '../observe/deployment.ts'
import type { ProbeResponse } from '../probe.ts'
import {
  documentOf,
  headerOf,
  isHtml,
  isRedirect,
  isResponse,
  outcomeOf,
  pathOf,
  preview,
} from '../probe-result.ts'

const MAX_METADATA_AGE_SECONDS = 86_400

/** Checks of Cache-Control. */
export const CACHING_CHECKS: readonly Check<DeploymentObservation>[] = [
  {
    name: 'metadata caching',
    title: 'Metadata may be cached, for at most a day',
    run: ({ protectedResource, authorizationServer, origin }) => {
      const documents = [...protectedResource, ...authorizationServer].filter(
        (result): result is ProbeResponse => isResponse(result) && 'value' in documentOf(result),
      )
      if (documents.length === 0) return { skipped: 'there is no metadata' }
      const tooLong = documents.filter((one) => maxAge(one) > MAX_METADATA_AGE_SECONDS)
      const never = documents.filter((one) => maxAge(one) === 0)
      return [
        ...(tooLong.length === 0
          ? []
          : [{ id: 'metadata_cached_too_long', seen: policies(tooLong, origin) } as const]),
        ...(never.length === 0
          ? []
          : [{ id: 'metadata_not_cacheable', seen: policies(never, origin) } as const]),
      ]
    },
  },
  {
    name: 'caching of errors',
    title: 'A 404 is not cached',
    run: ({ unknownPath }) => {
      if (!isResponse(unknownPath) || unknownPath.status !== 404 || isHtml(unknownPath)) {
        return { skipped: `a path that does not exist: ${outcomeOf(unknownPath)}` }
      }
      if (isNoStore(unknownPath)) return []
      const seen = `a 404 has Cache-Control ${preview(headerOf(unknownPath, 'cache-control'))}`
      return [{ id: 'not_found_cacheable', seen, where: unknownPath.url }]
    },
  },
  {
    name: 'caching of answers',
    title: 'Only metadata is cached',
    run: ({ unauthenticated, badToken, mcpGet, health, openApi, origin }) => {
      const cacheable = [unauthenticated, badToken, mcpGet, health, openApi].filter(
        (one): one is ProbeResponse =>
          isResponse(one) &&
          !isHtml(one) &&
          !isRedirect(one) &&
          one.status !== 404 &&
          !isNoStore(one),
      )
      if (cacheable.length === 0) return []
      return [{ id: 'answer_cacheable', seen: policies(cacheable, origin) }]
    },
  },
]

function policies(results: readonly ProbeResponse[], origin: string): string {
  const lines = results.map((one) => {
    const policy = preview(headerOf(one, 'cache-control'))
    return `${one.method} ${pathOf(one, origin)}: Cache-Control ${policy}`
  })
  return [...new Set(lines)].join('; ')
}

function isNoStore(answer: ProbeResponse): boolean {
  return /\bno-store\b/i.test(headerOf(answer, 'cache-control') ?? '')
}

/** Seconds for which a shared cache may store the response; 0 = not cacheable. */
function maxAge(answer: ProbeResponse): number {
  const value = headerOf(answer, 'cache-control') ?? ''
  if (/\b(no-store|no-cache|private)\b/i.test(value)) return 0
  const [, age] =
    /\bs-maxage\s*=\s*(\d+)/i.exec(value) ?? /\bmax-age\s*=\s*(\d+)/i.exec(value) ?? []
  return Number(age ?? 0)
}

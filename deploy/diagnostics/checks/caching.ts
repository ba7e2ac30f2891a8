import { type Check, type Finding, fault, warning } from '../check.ts'
import { documentOf, shown } from '../exchange.ts'
import type { Outside } from '../observe/deployment.ts'
import { type Answer, isAnswer, isHtml, isRedirect, outcomeOf, pathOf } from '../probe.ts'

const MAX_METADATA_AGE_SECONDS = 86_400
const STOP_REWRITING =
  'stop the front from setting Cache-Control (firebase.json: hosting.headers; a CDN: respect the origin), and purge its cache'

/** What caches may keep. */
export const CACHING_CHECKS: readonly Check<Outside>[] = [
  {
    name: 'metadata caching',
    title: 'metadata may be cached, for minutes',
    run: (seen) => {
      const documents = [...seen.protectedResource, ...seen.authorizationServer].filter(
        (exchange): exchange is Answer => isAnswer(exchange) && 'value' in documentOf(exchange),
      )
      if (documents.length === 0) return { skipped: 'there is no metadata' }
      const tooLong = documents.filter((one) => maxAge(one) > MAX_METADATA_AGE_SECONDS)
      const never = documents.filter((one) => maxAge(one) === 0)
      return [
        ...some(seen, tooLong, (paths) =>
          fault({
            id: 'metadata_cached_too_long',
            seen: paths,
            why: 'After a change clients go on with the old metadata for more than a day',
            fix: STOP_REWRITING,
          }),
        ),
        ...some(seen, never, (paths) =>
          warning({
            id: 'metadata_not_cacheable',
            seen: paths,
            why: 'Every look-up starts the function: thousands of them were seen from one client',
            fix: STOP_REWRITING,
          }),
        ),
      ]
    },
  },
  {
    name: 'caching of errors',
    title: 'a 404 is not cached',
    run: (seen) => {
      const { notThere } = seen
      if (!isAnswer(notThere) || notThere.status !== 404 || isHtml(notThere)) {
        return { skipped: `a path that does not exist: ${outcomeOf(notThere)}` }
      }
      if (isNoStore(notThere)) return []
      return [
        fault({
          id: 'not_found_cacheable',
          seen: `a 404 has Cache-Control ${shown(notThere.headers.get('cache-control') ?? undefined)}`,
          why: 'Hosting keeps a 404 for ten minutes unless it says no-store: a mended path stays broken',
          fix: STOP_REWRITING,
          where: notThere.url,
        }),
      ]
    },
  },
  {
    name: 'caching of answers',
    title: 'nothing but metadata is cached',
    run: (seen) => {
      const { bare, badToken, mcpGet, health, openApi } = seen
      const cacheable = [bare, badToken, mcpGet, health, openApi].filter(
        (one): one is Answer =>
          isAnswer(one) &&
          !isHtml(one) &&
          !isRedirect(one) &&
          one.status !== 404 &&
          !isNoStore(one),
      )
      return some(seen, cacheable, (paths) =>
        fault({
          id: 'answer_cacheable',
          seen: paths,
          why: "A cache may hand one person's answer, or an error that has passed, to the next",
          fix: STOP_REWRITING,
        }),
      )
    },
  },
]

function some(
  { origin }: Outside,
  exchanges: readonly Answer[],
  toFinding: (paths: string) => Finding,
): Finding[] {
  if (exchanges.length === 0) return []
  const lines = exchanges.map(
    (one) =>
      `${one.method} ${pathOf(one, origin)}: Cache-Control ${shown(one.headers.get('cache-control') ?? undefined)}`,
  )
  return [toFinding([...new Set(lines)].join('; '))]
}

function isNoStore({ headers }: Answer): boolean {
  return /\bno-store\b/i.test(headers.get('cache-control') ?? '')
}

/** Seconds for which a shared cache may keep it; 0 when none may. */
function maxAge({ headers }: Answer): number {
  const value = headers.get('cache-control') ?? ''
  if (/\b(no-store|no-cache|private)\b/i.test(value)) return 0
  const [, age] =
    /\bs-maxage\s*=\s*(\d+)/i.exec(value) ?? /\bmax-age\s*=\s*(\d+)/i.exec(value) ?? []
  return Number(age ?? 0)
}

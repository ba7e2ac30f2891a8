import { isLoopback } from '../../../shared/config.ts'
import type { Check, CheckOutcome } from '../check.ts'
import type { Observed } from '../faults/faults.ts'
import { type DeploymentObservation, edgeResults } from '../observe/deployment.ts'
import type { ProbeResult } from '../probe.ts'
import {
  challengeOf,
  isHtml,
  isRedirect,
  isResponse,
  outcomeOf,
  outcomesOf,
  pathOf,
} from '../probe-result.ts'

const SLOW_MS = 5_000
/** The gateway's tolerance for clock skew. */
const MAX_SKEW_SECONDS = 5
const MAX_OWN_SKEW_SECONDS = 30

/** Checks of the edge: proxy, rewrite map, certificate and clock. */
export const EDGE_CHECKS: readonly Check<DeploymentObservation>[] = [
  {
    name: 'https',
    title: 'The URL is https or a loopback URL',
    run: ({ origin }) => {
      const { protocol, hostname } = new URL(origin)
      if (protocol === 'https:' || isLoopback(hostname)) return []
      return [{ id: 'not_https', seen: `${origin} is plain http`, where: origin }]
    },
  },
  {
    name: 'answers',
    title: 'Every path responds in time',
    run: (observed) => {
      const silent = edgeResults(observed).filter((result) => !isResponse(result))
      if (silent.length === 0) return []
      return [{ id: 'front_not_answering', seen: outcomesOf(silent, observed.origin) }]
    },
  },
  {
    name: 'redirects',
    title: 'No path redirects',
    run: (observed) => {
      const redirected = edgeResults(observed).filter(isRedirect)
      const [post] = redirected.filter(({ method }) => method === 'POST')
      const gets = redirected.filter(({ method }) => method !== 'POST')
      return [
        ...(post === undefined
          ? []
          : [
              {
                id: 'post_redirected',
                seen: `POST ${pathOf(post, observed.origin)} returns ${outcomeOf(post)}`,
                where: post.url,
              } as const,
            ]),
        ...(gets.length === 0
          ? []
          : [{ id: 'document_redirected', seen: outcomesOf(gets, observed.origin) } as const]),
      ]
    },
  },
  {
    name: 'html',
    title: 'No path returns an HTML page',
    run: (observed) => {
      const pages = edgeResults(observed).filter(
        (result) => isResponse(result) && result.status === 200 && isHtml(result),
      )
      if (pages.length === 0) return []
      return [{ id: 'rewrite_returns_html', seen: outcomesOf(pages, observed.origin) }]
    },
  },
  {
    name: 'speed',
    title: 'The MCP endpoint responds within 5 s',
    run: ({ unauthenticated, endpoint }) => {
      if (!isResponse(unauthenticated)) return { skipped: outcomeOf(unauthenticated) }
      const { durationMs } = unauthenticated
      if (durationMs <= SLOW_MS) return []
      const seen = `initialize took ${Math.round(durationMs / 1000)} s`
      return [{ id: 'slow_answer', seen, where: endpoint }]
    },
  },
  {
    name: 'clocks',
    title: 'The clocks of this machine, the deployment and the issuer agree',
    run: checkClocks,
  },
]

/** Checks of the functions' own URLs, which bypass the edge. */
export const DIRECT_ACCESS_CHECKS: readonly Check<DeploymentObservation>[] = [
  {
    name: 'around the edge',
    title: 'No function can be reached directly',
    run: ({ functions, unauthenticated }) => {
      if (functions.length === 0) return { skipped: 'no --function-url was given' }
      const isProtected = isResponse(unauthenticated) && unauthenticated.status === 401
      return functions.flatMap(({ url, results }): readonly Observed[] => {
        const [call] = results
        const reached = results.filter((one) => isResponse(one) && ![403, 404].includes(one.status))
        if (reached.length === 0) return []
        const seen = reached.map((one) => `${one.method} ${one.url}: ${outcomeOf(one)}`).join('; ')
        const isRefused = call === undefined || !isResponse(call) || call.status >= 400
        if (!isRefused && isProtected) {
          return [{ id: 'function_open_around_front', seen, where: url }]
        }
        const isChallenged = call !== undefined && challengeOf(call) !== undefined
        return [
          {
            id: 'function_reachable_around_front',
            seen: `${seen}${isChallenged ? ' (it requires a token)' : ''}`,
            where: url,
          },
        ]
      })
    },
  },
]

function checkClocks({ unauthenticated, issuer }: DeploymentObservation): CheckOutcome {
  const edge = skewOf(unauthenticated)
  if (edge === undefined) return { skipped: 'the response has no Date' }
  const [theirs] = (issuer?.documents ?? []).map(skewOf).filter((one) => one !== undefined)
  const between = edge - (theirs ?? 0)
  const max = theirs === undefined ? MAX_OWN_SKEW_SECONDS : MAX_SKEW_SECONDS
  if (Math.abs(between) > max) {
    const other = theirs === undefined ? "this machine's" : "the issuer's"
    return [
      {
        id: 'clock_skew',
        seen: `the deployment's clock is ${describeSkew(between)} ${other}`,
      },
    ]
  }
  if (Math.abs(edge) <= MAX_OWN_SKEW_SECONDS) return []
  return [
    {
      id: 'own_clock_skew',
      seen: `this machine's clock is ${describeSkew(-edge)} the deployment's and the issuer's`,
    },
  ]
}

/** Seconds by which the sender's clock is ahead of this machine's; undefined without a Date. */
function skewOf(result: ProbeResult): number | undefined {
  if (!isResponse(result)) return undefined
  const date = Date.parse(result.headers.get('date') ?? '')
  if (Number.isNaN(date)) return undefined
  // A cached response has the origin's Date, and its age in Age.
  const ageMs = Number(result.headers.get('age') ?? 0) * 1000
  // A Date has whole seconds, rounded down.
  const difference = (date + 500 + (Number.isNaN(ageMs) ? 0 : ageMs) - result.atMs) / 1000
  return Math.abs(difference) < 1 ? 0 : Math.round(difference)
}

function describeSkew(seconds: number): string {
  return `${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'}`
}

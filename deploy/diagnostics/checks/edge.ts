import { isLoopback } from '../../../shared/config.ts'
import type { Check, Verdict } from '../check.ts'
import {
  challengeOf,
  isAnswer,
  isHtml,
  isRedirect,
  outcomeOf,
  outcomesOf,
  pathOf,
} from '../exchange.ts'
import type { Observed } from '../faults/faults.ts'
import { type DeploymentObservation, edgeExchanges } from '../observe/deployment.ts'
import type { Exchange } from '../probe.ts'

const SLOW_MS = 5_000
/** The gateway tolerates as much between its clock and the issuer's. */
const MAX_SKEW_SECONDS = 5
const MAX_OWN_SKEW_SECONDS = 30

/** The edge as such: faults of a proxy, a rewrite map, a certificate or a clock. */
export const EDGE_CHECKS: readonly Check<DeploymentObservation>[] = [
  {
    name: 'https',
    title: 'The URL is https, or of this machine',
    run: ({ origin }) => {
      const { protocol, hostname } = new URL(origin)
      if (protocol === 'https:' || isLoopback(hostname)) return []
      return [{ id: 'not_https', seen: `${origin} is plain http`, where: origin }]
    },
  },
  {
    name: 'answers',
    title: 'Every path answers in time',
    run: (observed) => {
      const silent = edgeExchanges(observed).filter((exchange) => !isAnswer(exchange))
      if (silent.length === 0) return []
      return [{ id: 'front_not_answering', seen: outcomesOf(silent, observed.origin) }]
    },
  },
  {
    name: 'redirects',
    title: 'No path redirects',
    run: (observed) => {
      const redirected = edgeExchanges(observed).filter(isRedirect)
      const [post] = redirected.filter(({ method }) => method === 'POST')
      const gets = redirected.filter(({ method }) => method !== 'POST')
      return [
        ...(post === undefined
          ? []
          : [
              {
                id: 'post_redirected',
                seen: `POST ${pathOf(post, observed.origin)} answers ${outcomeOf(post)}`,
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
    title: 'No path answers with an HTML page',
    run: (observed) => {
      const pages = edgeExchanges(observed).filter(
        (exchange) => isAnswer(exchange) && exchange.status === 200 && isHtml(exchange),
      )
      if (pages.length === 0) return []
      return [{ id: 'rewrite_returns_html', seen: outcomesOf(pages, observed.origin) }]
    },
  },
  {
    name: 'speed',
    title: 'The MCP endpoint answers within 5 s',
    run: ({ unauthenticated, endpoint }) => {
      if (!isAnswer(unauthenticated)) return { skipped: outcomeOf(unauthenticated) }
      const { durationMs } = unauthenticated
      if (durationMs <= SLOW_MS) return []
      const seen = `initialize took ${Math.round(durationMs / 1000)} s`
      return [{ id: 'slow_answer', seen, where: endpoint }]
    },
  },
  { name: 'clocks', title: 'The clocks agree', run: checkClocks },
]

/** The functions at their own addresses, past the edge. */
export const DIRECT_ACCESS_CHECKS: readonly Check<DeploymentObservation>[] = [
  {
    name: 'around the front',
    title: 'No function can be reached directly',
    run: ({ functions, unauthenticated }) => {
      if (functions.length === 0) return { skipped: 'no --function-url was given' }
      const isProtected = isAnswer(unauthenticated) && unauthenticated.status === 401
      return functions.flatMap(({ url, exchanges }): readonly Observed[] => {
        const [call] = exchanges
        const reached = exchanges.filter((one) => isAnswer(one) && ![403, 404].includes(one.status))
        if (reached.length === 0) return []
        const seen = reached.map((one) => `${one.method} ${one.url}: ${outcomeOf(one)}`).join('; ')
        const isRefused = call === undefined || !isAnswer(call) || call.status >= 400
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

function checkClocks({ unauthenticated, issuer }: DeploymentObservation): Verdict {
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
function skewOf(exchange: Exchange): number | undefined {
  if (!isAnswer(exchange)) return undefined
  const date = Date.parse(exchange.headers.get('date') ?? '')
  if (Number.isNaN(date)) return undefined
  // A cache sends the Date of the origin, and in Age how long ago that was.
  const ageMs = Number(exchange.headers.get('age') ?? 0) * 1000
  // A Date has whole seconds, rounded down.
  const difference = (date + 500 + (Number.isNaN(ageMs) ? 0 : ageMs) - exchange.atMs) / 1000
  return Math.abs(difference) < 1 ? 0 : Math.round(difference)
}

function describeSkew(seconds: number): string {
  return `${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'}`
}

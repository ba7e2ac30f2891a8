import { isLoopback } from '../../../shared/config.ts'
import { type Check, fault, warning } from '../check.ts'
import { frontExchanges, type Outside } from '../observe/deployment.ts'
import { type Exchange, isAnswer, isHtml, isRedirect, outcomeOf, pathOf } from '../probe.ts'

const REWRITES =
  'deploy/firebase.json, hosting.rewrites: put the entries for /.well-known/**, /mcp, /mcp/.well-known/**, /health/**, /tools/** and /openapi.json before any catch-all, then npm run deploy'
const SLOW_MS = 5_000

/** The front as such: what a proxy, a rewrite map or a certificate can spoil. */
export const FRONT_CHECKS: readonly Check<Outside>[] = [
  {
    name: 'https',
    title: "the URL is https, or this machine's",
    run: ({ origin }) => {
      const { protocol, hostname } = new URL(origin)
      if (protocol === 'https:' || isLoopback(hostname)) return []
      return [
        fault({
          id: 'not_https',
          seen: `${origin} is plain http`,
          why: 'Tokens would travel readable by anybody on the way; ChatGPT connects to https only',
          fix: 'give the deployment a certificate, set PUBLIC_URL to the https URL, and enter that URL in ChatGPT',
          where: origin,
        }),
      ]
    },
  },
  {
    name: 'answers',
    title: 'every path answers in time',
    run: (seen) => {
      const silent = frontExchanges(seen).filter((exchange) => !isAnswer(exchange))
      if (silent.length === 0) return []
      return [
        fault({
          id: 'front_not_answering',
          seen: list(seen, silent),
          why: 'Clients give up on a path that does not answer: claude.ai after 10 s, Hosting itself after 60 s',
          fix: 'look for the cause in the log of the function behind these paths: gcloud functions logs read gateway --gen2 (or metadata); with cold starts, deploy with --min-instances=1',
        }),
      ]
    },
  },
  {
    name: 'redirects',
    title: 'nothing is redirected',
    run: (seen) => {
      const redirected = frontExchanges(seen).filter(isRedirect)
      const posts = redirected.filter(({ method }) => method === 'POST')
      const gets = redirected.filter(({ method }) => method !== 'POST')
      return [
        ...posts.slice(0, 1).map((post) =>
          fault({
            id: 'post_redirected',
            seen: `POST ${pathOf(post, seen.origin)} answers ${outcomeOf(post)}`,
            why: 'After 301, 302 and 303 clients ask again with GET and without the body, after any redirect many without the token: the call is lost',
            fix: 'enter the URL that it leads to in ChatGPT and set PUBLIC_URL to its origin, or take the redirect of /mcp out of the front (https, www and trailing-slash redirects)',
            where: post.url,
          }),
        ),
        ...(gets.length === 0
          ? []
          : [
              fault({
                id: 'document_redirected',
                seen: list(seen, gets),
                why: 'Clients refuse to follow a redirect of metadata, which could lead them to somebody else',
                fix: 'let the front serve these paths itself: no https, www or trailing-slash redirect before them',
              }),
            ]),
      ]
    },
  },
  {
    name: 'html',
    title: 'no rewrite answers with an HTML page',
    run: (seen) => {
      const pages = frontExchanges(seen).filter(
        (exchange) => isAnswer(exchange) && exchange.status === 200 && isHtml(exchange),
      )
      if (pages.length === 0) return []
      return [
        fault({
          id: 'rewrite_returns_html',
          seen: list(seen, pages),
          why: 'A catch-all rewrite (a single-page app) answers before the functions do; ChatGPT then says that the server does not implement OAuth',
          fix: REWRITES,
          where: 'deploy/firebase.json',
        }),
      ]
    },
  },
  {
    name: 'speed',
    title: 'the MCP endpoint answers quickly',
    run: ({ bare, endpoint }) => {
      if (!isAnswer(bare)) return { skipped: outcomeOf(bare) }
      if (bare.took <= SLOW_MS) return []
      return [
        warning({
          id: 'slow_answer',
          seen: `initialize took ${Math.round(bare.took / 1000)} s`,
          why: 'Some clients wait 10 s for it, a cold start of the backend comes on top',
          fix: 'deploy the gateway with --min-instances=1 and --cpu=1, and without a VPC connector that it does not need',
          where: endpoint,
        }),
      ]
    },
  },
]

function list({ origin }: Outside, exchanges: readonly Exchange[]): string {
  const lines = exchanges.map(
    (exchange) => `${exchange.method} ${pathOf(exchange, origin)}: ${outcomeOf(exchange)}`,
  )
  return [...new Set(lines)].join('; ')
}

import { type Check, fault, type Verdict } from '../../../diagnostics/check.ts'
import { challengeOf, parseChallenge } from '../outside/challenge.ts'
import { documentOf, isObject, stringsIn } from '../../../diagnostics/exchange.ts'
import type { Outside } from '../../../diagnostics/observe/deployment.ts'
import { type Answer, isAnswer, isHtml, outcomeOf } from '../../../diagnostics/probe.ts'

const NO_CHALLENGE = 'a call without a token is not answered 401'
const FRONT_401 =
  'let the front pass WWW-Authenticate on as it is (and with API Gateway: security: [] for /mcp, so that the function answers)'

/** How the MCP endpoint refuses what is no good call. */
export const REFUSAL_CHECKS: readonly Check<Outside>[] = [
  {
    name: 'bad token',
    title: 'a call with a bad token is answered invalid_token',
    run: checkBadToken,
  },
  {
    name: 'GET /mcp',
    title: 'GET /mcp is answered 401 or 405',
    run: ({ mcpGet }) => {
      if (!isAnswer(mcpGet)) return { skipped: outcomeOf(mcpGet) }
      // A page and a redirect are reported as such.
      if (
        mcpGet.status === 401 ||
        mcpGet.status === 405 ||
        isHtml(mcpGet) ||
        mcpGet.headers.has('location')
      )
        return []
      return [
        fault({
          id: 'mcp_get_not_405',
          seen: `GET /mcp: ${outcomeOf(mcpGet)}`,
          why: 'Clients try GET for an event stream, and go on without one only on 405, or sign in on 401',
          fix: 'rewrite /mcp for all methods to the function gateway (deploy/firebase.json), then npm run deploy',
          where: mcpGet.url,
        }),
      ]
    },
  },
  { name: 'sign-in in ChatGPT', title: 'ChatGPT is offered to sign in', run: checkChatGpt },
]

function checkBadToken({ bare, badToken, endpoint }: Outside): Verdict {
  if (!isAnswer(bare) || !isAnswer(badToken)) return { skipped: 'the gateway does not answer' }
  if ((bare.status !== 401 && bare.status !== 200) || isHtml(bare)) {
    return { skipped: NO_CHALLENGE }
  }
  const error = challengeOf(badToken)?.get('error')
  if (badToken.status === 401 && error === 'invalid_token') return []
  const seen = `with a token that is none: ${badToken.status}, ${error === undefined ? 'no error' : `error="${error.slice(0, 40)}"`}`
  const isAsBare = badToken.status === bare.status && error === undefined
  if (isAsBare && (bare.status === 200 || challengeOf(badToken) !== undefined)) {
    return [
      fault({
        id: 'authorization_stripped',
        seen: `${seen}: as if no token had been sent`,
        why: 'The front takes the Authorization header away, so that nobody is ever signed in: people log in again and again',
        fix: 'let the front pass Authorization on: API Gateway: disable_auth: true under x-google-backend; nginx: proxy_set_header Authorization $http_authorization; a CDN: add Authorization to what it forwards',
        where: endpoint,
      }),
    ]
  }
  const isLetIn = badToken.status >= 200 && badToken.status < 300
  return [
    fault({
      id: isLetIn ? 'bad_token_accepted' : 'bad_token_answer',
      seen,
      why: isLetIn
        ? 'Anybody gets in with any token'
        : 'Clients get a new token on 401 with invalid_token only; on anything else they give up, or show an error',
      fix: isLetIn
        ? 'route /mcp to the function gateway and to nothing else (deploy/firebase.json), then npm run deploy'
        : FRONT_401,
      where: endpoint,
    }),
  ]
}

function checkChatGpt({ refused, chatGptCall, endpoint }: Outside): Verdict {
  if (!isAnswer(refused) || refused.status !== 401 || !isAnswer(chatGptCall)) {
    return { skipped: NO_CHALLENGE }
  }
  const [value] = signInsIn(chatGptCall)
  const challenge = value === undefined ? undefined : parseChallenge(value)
  if (challenge?.has('error') && challenge.has('resource_metadata')) return []
  return [
    fault({
      id: 'chatgpt_sign_in_not_offered',
      seen: `a tools/call in ChatGPT's name is answered ${outcomeOf(chatGptCall)}, ${value === undefined ? 'without' : 'with an incomplete'} _meta["mcp/www_authenticate"]`,
      why: 'ChatGPT opens its sign-in on such a tool result only: no login prompt',
      fix: 'set AUTH_CHALLENGE to auto in .env.yaml, then npm run deploy -- gateway; and let the front pass User-Agent on as it is (or set AUTH_CHALLENGE to tool-result)',
      where: endpoint,
    }),
  ]
}

function signInsIn(exchange: Answer): readonly string[] {
  const document = documentOf(exchange)
  const result = 'value' in document ? document.value['result'] : undefined
  const meta = isObject(result) ? result['_meta'] : undefined
  const signIn = isObject(meta) ? meta['mcp/www_authenticate'] : undefined
  return typeof signIn === 'string' ? [signIn] : (stringsIn(signIn) ?? [])
}

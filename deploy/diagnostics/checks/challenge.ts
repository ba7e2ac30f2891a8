import { PROTECTED_RESOURCE_PATHS } from '../../../shared/oauth/protected-resource.ts'
import type { Check, CheckOutcome } from '../check.ts'
import type { Observed } from '../faults/faults.ts'
import type { DeploymentObservation } from '../observe/deployment.ts'
import { catalogueScopesOf, hasPublicTool } from '../observe/openapi-tools.ts'
import type { ProbeResult } from '../probe.ts'
import {
  type Challenge,
  challengeOf,
  headerOf,
  isHtml,
  isResponse,
  outcomeOf,
  parseChallenge,
  preview,
  rpcResultOf,
  scopesOf,
  signInIn,
} from '../probe-result.ts'

const NO_401 = 'a call without a token does not return 401'
const MAX_SEEN_CHARACTERS = 40

/** Checks of the MCP endpoint's responses to callers without a valid token. */
export const CHALLENGE_CHECKS: readonly Check<DeploymentObservation>[] = [
  { name: 'MCP endpoint', title: 'POST /mcp reaches the gateway', run: checkEndpoint },
  {
    name: 'challenge',
    title: 'A call without a token returns 401 and a challenge',
    run: checkChallenge,
  },
  {
    name: 'bad token',
    title: 'A call with an invalid token returns invalid_token',
    run: checkBadToken,
  },
  {
    name: 'GET /mcp',
    title: 'GET /mcp returns 401 or 405',
    run: ({ mcpGet }) => {
      if (!isResponse(mcpGet)) return { skipped: outcomeOf(mcpGet) }
      // A page and a redirect are reported as such.
      const isReported = isHtml(mcpGet) || mcpGet.headers.has('location')
      if (mcpGet.status === 401 || mcpGet.status === 405 || isReported) return []
      const seen = `GET /mcp: ${outcomeOf(mcpGet)}`
      return [{ id: 'mcp_get_not_405', seen, where: mcpGet.url }]
    },
  },
  { name: 'sign-in in ChatGPT', title: 'ChatGPT offers a sign-in', run: checkChatGpt },
]

function checkEndpoint({ unauthenticated, refused, tools }: DeploymentObservation): CheckOutcome {
  if (!isResponse(unauthenticated)) return { skipped: outcomeOf(unauthenticated) }
  const { status, url: where } = unauthenticated
  // A page and a redirect are reported as such.
  const isReported = status === 200 && isHtml(unauthenticated)
  if (status === 401 || unauthenticated.headers.has('location') || isReported) return []
  const seen = `POST /mcp without a token: ${outcomeOf(unauthenticated)}`
  if (status === 200) {
    const isOpen =
      hasPublicTool(tools) === false || (refused !== unauthenticated && isAccepted(refused))
    return isOpen ? [{ id: 'unauthenticated_allowed', seen, where }] : []
  }
  if (status === 403) return [{ id: 'function_not_public', seen, where }]
  return [{ id: status === 404 ? 'mcp_missing' : 'mcp_failing', seen, where }]
}

/** Whether a tool ran; ChatGPT's form of a challenge and a JSON-RPC error do not count. */
function isAccepted(refused: ProbeResult): boolean {
  const result = rpcResultOf(refused)
  return result !== undefined && result['isError'] !== true
}

function checkChallenge(observed: DeploymentObservation): CheckOutcome {
  const { refused } = observed
  if (!isResponse(refused) || refused.status !== 401) return { skipped: NO_401 }
  const challenge = challengeOf(refused)
  if (challenge !== undefined) return challengeFaults(observed, challenge, refused.url)
  const seen = `401 with WWW-Authenticate ${preview(headerOf(refused, 'www-authenticate'))}`
  return [{ id: 'challenge_missing', seen, where: refused.url }]
}

function challengeFaults(
  { origin, tools }: DeploymentObservation,
  challenge: Challenge,
  where: string,
): Observed[] {
  const found: Observed[] = []
  const error = challenge.get('error')
  if (error !== undefined) {
    const code = error.slice(0, MAX_SEEN_CHARACTERS)
    const seen = `a call without a token returns error="${code}"`
    found.push({ id: 'challenge_not_bare', seen, where })
  }
  const url = challenge.get('resource_metadata')
  const expected = [...PROTECTED_RESOURCE_PATHS].map((path) => `${origin}${path}`)
  if (url === undefined) {
    const seen = 'the challenge has no resource_metadata'
    found.push({ id: 'challenge_without_resource_metadata', seen, where })
  } else if (!expected.includes(url)) {
    const seen = `resource_metadata is ${url.slice(0, 200)}, which is not at ${origin}`
    const details = { publicUrl: origin }
    found.push({ id: 'challenge_resource_metadata_wrong', seen, where, details })
  }
  const named = scopesOf(challenge) ?? []
  const missing = catalogueScopesOf(tools).filter((scope) => !named.includes(scope))
  if (missing.length > 0) {
    const seen = `the challenge does not name ${missing.join(' ')}`
    found.push({ id: 'challenge_scope_missing', seen, where })
  }
  return found
}

function checkBadToken({
  unauthenticated,
  badToken,
  endpoint,
}: DeploymentObservation): CheckOutcome {
  if (!isResponse(unauthenticated) || !isResponse(badToken)) {
    return { skipped: 'the gateway does not respond' }
  }
  const isExpected = unauthenticated.status === 401 || unauthenticated.status === 200
  if (!isExpected || isHtml(unauthenticated)) return { skipped: NO_401 }
  const error = challengeOf(badToken)?.get('error')
  if (badToken.status === 401 && error === 'invalid_token') return []
  const code = error === undefined ? 'no error' : `error="${error.slice(0, MAX_SEEN_CHARACTERS)}"`
  const seen = `with an invalid token: ${badToken.status}, ${code}`
  const isSame = badToken.status === unauthenticated.status && error === undefined
  if (isSame && (unauthenticated.status === 200 || challengeOf(badToken) !== undefined)) {
    return [{ id: 'authorization_stripped', seen: `${seen}, as without a token`, where: endpoint }]
  }
  const isOk = badToken.status >= 200 && badToken.status < 300
  return [{ id: isOk ? 'bad_token_accepted' : 'bad_token_answer', seen, where: endpoint }]
}

function checkChatGpt({ refused, chatGptCall, endpoint }: DeploymentObservation): CheckOutcome {
  if (!isResponse(refused) || refused.status !== 401 || !isResponse(chatGptCall)) {
    return { skipped: NO_401 }
  }
  const value = signInIn(rpcResultOf(chatGptCall))
  const challenge = value === undefined ? undefined : parseChallenge(value)
  if (challenge?.has('error') && challenge.has('resource_metadata')) return []
  const form = value === undefined ? 'without' : 'with an incomplete'
  return [
    {
      id: 'chatgpt_sign_in_not_offered',
      seen: `a tools/call with ChatGPT's user agent returns ${outcomeOf(chatGptCall)}, ${form} _meta["mcp/www_authenticate"]`,
      where: endpoint,
    },
  ]
}

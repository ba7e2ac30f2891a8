import { PROTECTED_RESOURCE_PATHS } from '../../../shared/oauth/protected-resource.ts'
import { type Check, type Finding, fault, type Verdict } from '../check.ts'
import { type Challenge, challengeOf } from '../../auth0/doctor/outside/challenge.ts'
import { catalogueScopesOf, hasPublicTool } from '../observe/openapi-tools.ts'
import { documentOf, isObject, shown } from '../exchange.ts'
import type { Outside } from '../observe/deployment.ts'
import { type Exchange, isAnswer, isHtml, outcomeOf } from '../probe.ts'

const NO_CHALLENGE = 'a call without a token is not answered 401'
const FRONT_401 =
  'let the front pass WWW-Authenticate on as it is (and with API Gateway: security: [] for /mcp, so that the function answers)'

/** How the MCP endpoint answers somebody who has no good token. */
export const CHALLENGE_CHECKS: readonly Check<Outside>[] = [
  { name: 'MCP endpoint', title: 'POST /mcp reaches the gateway', run: checkEndpoint },
  {
    name: 'challenge',
    title: 'a call without a token is answered 401 with a challenge',
    run: checkChallenge,
  },
]

function checkEndpoint({ bare, refused, tools }: Outside): Verdict {
  if (!isAnswer(bare)) return { skipped: outcomeOf(bare) }
  const { status } = bare
  // A page and a redirect are reported as such.
  if (status === 401 || bare.headers.has('location') || (status === 200 && isHtml(bare))) return []
  const seen = `POST /mcp without a token: ${outcomeOf(bare)}`
  if (status === 200) {
    const isOpen = hasPublicTool(tools) === false || (refused !== bare && isLetIn(refused))
    if (!isOpen) return []
    return [
      fault({
        id: 'unauthenticated_allowed',
        seen,
        why: 'A tool that needs a sign-in is called without a token',
        fix: 'route /mcp to the function gateway and to nothing else (deploy/firebase.json), and let the front add no Authorization of its own',
        where: bare.url,
      }),
    ]
  }
  if (status === 403) {
    return [
      fault({
        id: 'function_not_public',
        seen,
        why: 'Google asks for its own credentials before the gateway is reached; clients take 403 for final',
        fix: 'let everybody call the function, which checks tokens itself: gcloud run services add-iam-policy-binding gateway --member=allUsers --role=roles/run.invoker; and let bot protection in front pass /mcp',
        where: bare.url,
      }),
    ]
  }
  return [
    fault({
      id: status === 404 ? 'mcp_missing' : 'mcp_failing',
      seen,
      why: 'Clients expect 401 with a challenge, by which they find out where to sign in: no login prompt',
      fix:
        status === 404
          ? 'rewrite /mcp (and not /mcp/** alone) to the function gateway (deploy/firebase.json), then npm run deploy'
          : 'read the log of the gateway, which names the cause (a configuration_refused lists variables): gcloud functions logs read gateway --gen2; with 405 or 415 the front changes the method or Content-Type of the call',
      where: bare.url,
    }),
  ]
}

/** Whether a tool ran; a refusal in ChatGPT's form and a JSON-RPC error are none. */
function isLetIn(refused: Exchange): boolean {
  const document = documentOf(refused)
  const result = 'value' in document ? document.value['result'] : undefined
  return isObject(result) && result['isError'] !== true
}

function checkChallenge(seen: Outside): Verdict {
  const { refused } = seen
  if (!isAnswer(refused) || refused.status !== 401) return { skipped: NO_CHALLENGE }
  const challenge = challengeOf(refused)
  if (challenge !== undefined) return challengeFaults(seen, challenge, refused.url)
  return [
    fault({
      id: 'challenge_missing',
      seen: `401 with WWW-Authenticate ${shown(refused.headers.get('www-authenticate') ?? undefined)}`,
      why: 'Clients read from the challenge where the metadata is: no login prompt',
      fix: FRONT_401,
      where: refused.url,
    }),
  ]
}

function challengeFaults(seen: Outside, challenge: Challenge, where: string): Finding[] {
  const { origin, tools } = seen
  const findings: Finding[] = []
  const add = (id: string, what: string, why: string, fix: string) =>
    findings.push(fault({ id, seen: what, why, fix, where }))
  const error = challenge.get('error')
  if (error !== undefined) {
    add(
      'challenge_not_bare',
      `a call without a token is answered error="${error.slice(0, 40)}"`,
      'RFC 6750 s3.1 asks for no error when there were no credentials: some clients throw their token away on it. A front that puts a token of its own into Authorization looks like this, too',
      'let the front add no Authorization (API Gateway: disable_auth: true under x-google-backend), and pass WWW-Authenticate on as it is',
    )
  }
  const url = challenge.get('resource_metadata')
  const right = [...PROTECTED_RESOURCE_PATHS].map((path) => `${origin}${path}`)
  if (url === undefined) {
    add(
      'challenge_without_resource_metadata',
      'the challenge has no resource_metadata',
      'Clients find the metadata by it (RFC 9728 s5.1): no login prompt',
      FRONT_401,
    )
  } else if (!right.includes(url)) {
    add(
      'challenge_resource_metadata_wrong',
      `resource_metadata is ${url.slice(0, 200)}, which is not at ${origin}`,
      'Clients are sent to the metadata of another deployment, or nowhere',
      `set PUBLIC_URL to ${origin} in .env.yaml, then npm run deploy -- gateway`,
    )
  }
  const asked = (challenge.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
  const lacking = catalogueScopesOf(tools).filter((scope) => !asked.includes(scope))
  if (lacking.length > 0) {
    add(
      'challenge_scope_missing',
      `the challenge does not name ${lacking.join(' ')}`,
      'Clients ask for the scopes of the challenge, so calls end with insufficient_scope',
      `${FRONT_401}; then npm run deploy -- gateway`,
    )
  }
  return findings
}

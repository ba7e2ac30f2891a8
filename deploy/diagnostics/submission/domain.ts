import type { CheckOutcome } from '../check.ts'
import type { ProbeResult } from '../probe.ts'
import { headerOf, isResponse, outcomeOf } from '../probe-result.ts'
import type { Deployment } from './observe.ts'
import type { Subject, SubmissionCheck } from './subject.ts'

/** The proof that the domain belongs to the operator. */
export const DOMAIN_CHECKS: readonly SubmissionCheck[] = [
  {
    name: 'domain',
    title: "The domain has OpenAI's verification token",
    run: checkDomain,
  },
  {
    name: 'challenge-base',
    title: 'The host of the verification is that of the server or a parent of it',
    run: ({ submission, deployment, env, submissionFile }) => {
      const base = submission?.challengeBaseUrl
      if (base === undefined) return { skipped: `${submissionFile} has no challengeBaseUrl` }
      const server = URL.parse(deployment?.origin ?? env['PUBLIC_URL'] ?? '')
      if (server === null) return { skipped: 'neither a URL nor PUBLIC_URL is given' }
      if (isParentHost(base, server)) return []
      return [
        {
          id: 'challenge_base_invalid',
          seen: `challengeBaseUrl is not an https origin at ${server.hostname} or a parent of it`,
          where: `${submissionFile}: challengeBaseUrl`,
        },
      ]
    },
  },
]

/** Whether the verification may be there: an https URL at the server's host or a parent of it. */
export function isParentHost(base: string, { hostname }: Pick<URL, 'hostname'>): boolean {
  const url = URL.parse(base)
  if (url === null || url.protocol !== 'https:' || !url.hostname.includes('.')) return false
  return hostname === url.hostname || hostname.endsWith(`.${url.hostname}`)
}

function checkDomain({ submission, env, deployment, submissionFile: file }: Subject): CheckOutcome {
  const id = 'domain_verification_required'
  const expected = submission?.domainVerification
  const configured = env['OPENAI_APPS_CHALLENGE']?.trim() || undefined
  if (deployment !== undefined) return checkChallenge(deployment, expected ?? configured)
  if (expected === undefined && configured === undefined) {
    const seen = 'OPENAI_APPS_CHALLENGE is not set, and there is no token to compare'
    return [{ id, seen, details: { file } }]
  }
  if (expected === undefined || configured === undefined || expected === configured) return []
  const seen = `OPENAI_APPS_CHALLENGE is not the domainVerification of ${file}`
  return [{ id, seen, details: { file } }]
}

function checkChallenge(
  { challenge, challengeAtBase }: Deployment,
  expected: string | undefined,
): CheckOutcome {
  const exchange = challengeAtBase ?? challenge
  const seen = challengeFault(exchange, expected)
  if (seen === undefined) return []
  return [{ id: 'domain_verification_required', seen, where: exchange.url }]
}

/** Never quotes the text. */
function challengeFault(exchange: ProbeResult, expected: string | undefined): string | undefined {
  if (!isResponse(exchange) || exchange.status !== 200) {
    return `there is no token: ${outcomeOf(exchange)}`
  }
  const type = headerOf(exchange, 'content-type') ?? 'no type'
  if (!/^\s*text\/plain\b/i.test(type)) return `the response is ${type}, not text/plain`
  if (expected !== undefined && exchange.text !== expected) return 'the response is another text'
  return /^\S+$/.test(exchange.text) ? undefined : 'the response is not one token'
}

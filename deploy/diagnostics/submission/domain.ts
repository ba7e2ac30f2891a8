import { type Finding, fault } from '../check.ts'
import { type Exchange, isAnswer, outcomeOf } from '../probe.ts'
import type { Deployment } from './observe.ts'
import type { SubmissionCheck } from './subject.ts'

/** The proof that the domain is the operator's. */
export const DOMAIN_CHECKS: readonly SubmissionCheck[] = [
  {
    name: 'domain',
    title: "the domain has OpenAI's verification token",
    run: ({ submission, env, deployment, submissionFile }) => {
      const expected = submission?.domainVerification
      const configured = env['OPENAI_APPS_CHALLENGE']?.trim() || undefined
      const about = {
        id: 'domain_verification_required',
        why: 'The portal reads the token at the well-known path, and nothing else may be there',
      }
      if (deployment !== undefined)
        return challengeFaults(deployment, expected ?? configured, about)
      if (expected === undefined && configured === undefined) {
        return [
          fault({
            seen: 'OPENAI_APPS_CHALLENGE is not set, and there is no token to compare',
            fix: `set OPENAI_APPS_CHALLENGE to the token of the portal, and write it in ${submissionFile} as domainVerification`,
            where: 'OPENAI_APPS_CHALLENGE',
            ...about,
          }),
        ]
      }
      if (expected === undefined || configured === undefined || expected === configured) return []
      return [
        fault({
          seen: `OPENAI_APPS_CHALLENGE is not the domainVerification of ${submissionFile}`,
          fix: 'set both to the token of the portal',
          where: 'OPENAI_APPS_CHALLENGE',
          ...about,
        }),
      ]
    },
  },
  {
    name: 'challenge-base',
    title: 'the host of the verification is that of the server or above it',
    run: ({ submission, deployment, env, submissionFile }) => {
      const base = submission?.challengeBaseUrl
      if (base === undefined) return { skipped: `${submissionFile} has no challengeBaseUrl` }
      const server = URL.parse(deployment?.origin ?? env['PUBLIC_URL'] ?? '')
      if (server === null) return { skipped: 'neither a URL nor PUBLIC_URL is given' }
      if (isAbove(base, server)) return []
      return [
        fault({
          id: 'challenge_base_invalid',
          seen: `challengeBaseUrl is not an https origin at ${server.hostname} or a parent of it`,
          why: 'The portal takes no other host',
          fix: 'name the host of the server or a parent host, or leave challengeBaseUrl out',
          where: `${submissionFile}: challengeBaseUrl`,
        }),
      ]
    },
  },
]

/** Whether the verification may be there: an https URL at the server's host or a parent of it. */
export function isAbove(base: string, { hostname }: Pick<URL, 'hostname'>): boolean {
  const url = URL.parse(base)
  if (url === null || url.protocol !== 'https:' || !url.hostname.includes('.')) return false
  return hostname === url.hostname || hostname.endsWith(`.${url.hostname}`)
}

function challengeFaults(
  { challenge, challengeAtBase }: Deployment,
  expected: string | undefined,
  about: { readonly id: string; readonly why: string },
): readonly Finding[] {
  const seen = challengeFault(challengeAtBase ?? challenge, expected)
  if (seen === undefined) return []
  const fix =
    'set OPENAI_APPS_CHALLENGE to the token of the portal, then npm run deploy -- metadata'
  return [fault({ seen, fix, where: (challengeAtBase ?? challenge).url, ...about })]
}

/** Never quotes what is there. */
function challengeFault(exchange: Exchange, expected: string | undefined): string | undefined {
  if (!isAnswer(exchange) || exchange.status !== 200) {
    return `there is no token: ${outcomeOf(exchange)}`
  }
  const type = exchange.headers.get('content-type') ?? 'no type'
  if (!/^\s*text\/plain\b/i.test(type)) return `the answer is ${type}, not text/plain`
  if (expected !== undefined && exchange.text !== expected) return 'the answer is another text'
  return /^\S+$/.test(exchange.text) ? undefined : 'the answer is not one token'
}

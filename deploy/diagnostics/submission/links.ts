import { isLoopback } from '../../../shared/config.ts'
import { fault } from '../check.ts'
import type { Subject, SubmissionCheck } from './subject.ts'

interface Link {
  readonly id: string
  readonly title: string
  readonly fix: string
  readonly urlOf: (seen: Subject) => string | undefined
}

const MAX_URL_CHARACTERS = 1024
const LINKS: readonly Link[] = [
  {
    id: 'privacy_policy_required',
    title: 'privacy policy',
    fix: 'server.policy in the catalogue',
    urlOf: ({ server, submission }) => submission?.privacyPolicy ?? server.policy,
  },
  {
    id: 'terms_required',
    title: 'terms',
    fix: 'server.terms in the catalogue',
    urlOf: ({ server, submission }) => submission?.terms ?? server.terms,
  },
  {
    id: 'support_required',
    title: 'support',
    fix: 'server.documentation in the catalogue, or support in the submission file',
    urlOf: ({ server, submission }) => submission?.support ?? server.documentation,
  },
  {
    id: 'website_required',
    title: 'website',
    fix: 'server.websiteUrl in the catalogue, or website in the submission file',
    urlOf: ({ server, submission }) => submission?.website ?? server.websiteUrl,
  },
]

/** The pages that the directory links. */
export const LINK_CHECKS: readonly SubmissionCheck[] = LINKS.map(({ id, title, fix, urlOf }) => ({
  name: title.replace(' ', '-'),
  title: `the URL of the ${title} page is public https`,
  run: (seen) => {
    const url = urlOf(seen)
    const what = url === undefined ? 'there is no URL' : faultOf(url)
    if (what === undefined) return []
    return [
      fault({
        id,
        seen: `${title}: ${what}`,
        why: 'The portal requires it of every app with tools, and reviewers open it',
        fix: `set ${fix} to an https URL of at most ${MAX_URL_CHARACTERS} characters`,
        where: fix.split(' ')[0],
      }),
    ]
  },
}))

function faultOf(value: string): string | undefined {
  const url = URL.parse(value)
  if (url === null || url.protocol !== 'https:') return 'the URL is not https'
  if (isLoopback(url.hostname)) return 'the URL leads to this machine'
  if (url.username !== '' || url.password !== '') return 'the URL has credentials'
  return value.length > MAX_URL_CHARACTERS ? `the URL has ${value.length} characters` : undefined
}

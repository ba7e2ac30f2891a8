import { isLoopback } from '../../../shared/config.ts'
import type { Observed } from '../faults/faults.ts'
import { htmlOf, type Subject, type SubmissionCheck, toolPlace, uiResources } from './subject.ts'

interface Link {
  readonly id:
    | 'privacy_policy_required'
    | 'terms_required'
    | 'support_required'
    | 'website_required'
  readonly page: string
  /** The member of the catalogue that has it. */
  readonly where: string
  readonly urlOf: (subject: Subject) => string | undefined
}

const MAX_URL_CHARACTERS = 1024
const LINKS: readonly Link[] = [
  {
    id: 'privacy_policy_required',
    page: 'privacy policy',
    where: 'server.policy',
    urlOf: ({ server, submission }) => submission?.privacyPolicy ?? server.policy,
  },
  {
    id: 'terms_required',
    page: 'terms',
    where: 'server.terms',
    urlOf: ({ server, submission }) => submission?.terms ?? server.terms,
  },
  {
    id: 'support_required',
    page: 'support',
    where: 'server.documentation',
    urlOf: ({ server, submission }) => submission?.support ?? server.documentation,
  },
  {
    id: 'website_required',
    page: 'website',
    where: 'server.websiteUrl',
    urlOf: ({ server, submission }) => submission?.website ?? server.websiteUrl,
  },
]

const ADDRESS = /\b(?:https?|wss?):\/\/(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d+)?/gi
const PRIVATE =
  /\.(?:localhost|local|internal|test|invalid)$|^(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01])|169\.254)\./i

/** The pages that the directory links. */
export const LINK_CHECKS: readonly SubmissionCheck[] = LINKS.map(({ id, page, where, urlOf }) => ({
  name: page.replace(' ', '-'),
  title: `The URL of the ${page} page is public https`,
  run: (subject) => {
    const url = urlOf(subject)
    const reason = url === undefined ? 'there is no URL' : whyUnsuitable(url)
    return reason === undefined ? [] : [{ id, seen: `${page}: ${reason}`, where }]
  },
}))

/** Addresses that OpenAI cannot reach. */
export const LOCAL_URL_CHECKS: readonly SubmissionCheck[] = [
  {
    name: 'local-urls',
    title: 'No address is local or private',
    run: (subject) => [
      ...addressFaults(publicPlaces(subject), isNotPublic, 'error'),
      ...addressFaults(backendPlaces(subject), isLoopback, 'error'),
      ...addressFaults(textPlaces(subject), isNotPublic, 'warning'),
    ],
  },
]

function whyUnsuitable(value: string): string | undefined {
  const url = URL.parse(value)
  if (url === null || url.protocol !== 'https:') return 'the URL is not https'
  if (isLoopback(url.hostname)) return 'the URL is of this machine'
  if (url.username !== '' || url.password !== '') return 'the URL has credentials'
  return value.length > MAX_URL_CHARACTERS ? `the URL has ${value.length} characters` : undefined
}

type Place = readonly [where: string, value: unknown]

function addressFaults(
  places: readonly Place[],
  isFaulty: (hostname: string) => boolean,
  severity: 'error' | 'warning',
): Observed[] {
  return places.flatMap(([where, value]) => {
    const addresses = new Set(JSON.stringify(value ?? '').match(ADDRESS) ?? [])
    return [...addresses]
      .filter((address) => isFaulty(URL.parse(address)?.hostname ?? ''))
      .map(
        (address): Observed => ({
          id: 'url_not_public',
          severity,
          seen: `${where} has ${address}`,
          where,
        }),
      )
  })
}

/** Places from which OpenAI or a browser reads addresses. */
function publicPlaces({ tools, resources, server, env, deployment }: Subject): Place[] {
  const { instructions, description, ...links } = server
  return [
    ['PUBLIC_URL', env['PUBLIC_URL']],
    ['OAUTH_ISSUER', env['OAUTH_ISSUER']],
    ['the URL', deployment?.origin],
    ...Object.entries(links).map(([name, value]): Place => [`server.${name}`, value]),
    ...tools.map((tool): Place => [toolPlace(tool), [tool.icons, tool._meta]]),
    ...resources.map(({ uri, _meta, icons }): Place => [`resource ${uri}`, [_meta, icons]]),
  ]
}

/** Addresses that only the gateway calls, perhaps in its own private network. */
function backendPlaces({ tools, env }: Subject): Place[] {
  return [
    ['FUNCTIONS_BASE', env['FUNCTIONS_BASE']],
    ...tools.map((tool): Place => [toolPlace(tool), tool.request]),
  ]
}

/** Texts that may name an address as an example. */
function textPlaces(subject: Subject): Place[] {
  const { tools, server } = subject
  return [
    ['server.instructions', [server.instructions, server.description]],
    ...tools.map((tool): Place => [toolPlace(tool), tool.description]),
    ...uiResources(subject).map(
      (resource): Place => [`resource ${resource.uri}`, htmlOf(resource)],
    ),
  ]
}

function isNotPublic(hostname: string): boolean {
  return isLoopback(hostname) || PRIVATE.test(hostname)
}

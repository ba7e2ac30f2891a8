import { isLoopback } from '../../../../shared/config.ts'
import { fault, warning } from '../../../diagnostics/check.ts'
import {
  atTool,
  htmlOf,
  type Subject,
  type SubmissionCheck,
  uiResources,
} from '../../../diagnostics/submission/subject.ts'

const ADDRESS = /\b(?:https?|wss?):\/\/(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d+)?/gi
const PRIVATE =
  /\.(?:localhost|local|internal|test|invalid)$|^(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01])|169\.254)\./i

/** Addresses that OpenAI cannot reach. */
export const LOCAL_URL_CHECKS: readonly SubmissionCheck[] = [
  {
    name: 'local-urls',
    title: 'no address leads to a local or a private network',
    run: (seen) => [
      ...found(publicPlaces(seen), isNotPublic).map(fault),
      ...found(backendPlaces(seen), isLoopback).map(fault),
      ...found(textPlaces(seen), isNotPublic).map(warning),
    ],
  },
]

type Place = readonly [where: string, value: unknown]

function found(places: readonly Place[], isMeant: (hostname: string) => boolean) {
  return places.flatMap(([where, value]) => {
    const addresses = new Set(JSON.stringify(value ?? '').match(ADDRESS) ?? [])
    const local = [...addresses].filter((address) => isMeant(URL.parse(address)?.hostname ?? ''))
    return local.map((address) => about(where, address))
  })
}

function about(where: string, address: string) {
  return {
    id: 'url_not_public',
    seen: `${where} has ${address}`,
    why: 'Reviewers and Scan Tools reach public addresses alone',
    fix: 'use the public https address',
    where,
  }
}

/** What OpenAI or a browser reads addresses from. */
function publicPlaces({ tools, resources, server, env, deployment }: Subject): Place[] {
  const { instructions, description, ...links } = server
  return [
    ['PUBLIC_URL', env['PUBLIC_URL']],
    ['OAUTH_ISSUER', env['OAUTH_ISSUER']],
    ['the URL', deployment?.origin],
    ...Object.entries(links).map(([name, value]): Place => [`server.${name}`, value]),
    ...tools.map((tool): Place => [atTool(tool), [tool.icons, tool._meta]]),
    ...resources.map(({ uri, _meta, icons }): Place => [`resource ${uri}`, [_meta, icons]]),
  ]
}

/** What the gateway alone reaches, perhaps in a private network of its own. */
function backendPlaces({ tools, env }: Subject): Place[] {
  return [
    ['FUNCTIONS_BASE', env['FUNCTIONS_BASE']],
    ...tools.map((tool): Place => [atTool(tool), tool.request]),
  ]
}

/** Texts that may name an address as an example. */
function textPlaces(seen: Subject): Place[] {
  const { tools, server } = seen
  return [
    ['server.instructions', [server.instructions, server.description]],
    ...tools.map((tool): Place => [atTool(tool), tool.description]),
    ...uiResources(seen).map((resource): Place => [`resource ${resource.uri}`, htmlOf(resource)]),
  ]
}

function isNotPublic(hostname: string): boolean {
  return isLoopback(hostname) || PRIVATE.test(hostname)
}

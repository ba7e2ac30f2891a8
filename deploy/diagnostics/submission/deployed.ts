import { isDeepStrictEqual } from 'node:util'
import { asObject } from '../../../shared/json.ts'
import { type Finding, fault, warning } from '../check.ts'
import { type JsonObject, stringsIn } from '../exchange.ts'
import type { Deployment } from './observe.ts'
import type { Subject, SubmissionCheck } from './subject.ts'

const OFFLINE = { skipped: 'no URL was given' }
const LINKS: Readonly<Record<string, string>> = {
  resource_documentation: 'server.documentation',
  resource_policy_uri: 'server.policy',
  resource_tos_uri: 'server.terms',
}
/** Members of a listed tool that Scan Tools takes a snapshot of and that the gateway passes on as written. */
const COMPARED = ['title', 'description', 'annotations'] as const

type Difference = readonly [name: string, what: string]

/** What the deployment shows of the same. */
export const DEPLOYED_CHECKS: readonly SubmissionCheck[] = [
  {
    name: 'scan',
    title: 'the deployment lists its tools',
    run: ofDeployment(({ origin, tools }) => {
      if (!('absent' in tools)) return []
      const isRefused = tools.absent === '401' || tools.absent === '403'
      return [
        fault({
          id: 'scan_required',
          seen: `tools/list: ${tools.absent}`,
          why: 'Scan Tools lists the tools of the production server',
          fix: isRefused
            ? 'run it again with --token and an access token'
            : 'run npm run doctor with this URL alone, which says what is wrong',
          where: origin,
        }),
      ]
    }),
  },
  {
    name: 'https',
    title: 'the URL is https',
    run: ofDeployment(({ origin }) =>
      origin.startsWith('https:')
        ? []
        : [
            fault({
              id: 'url_not_https',
              seen: `${origin} is not https`,
              why: 'The portal takes the https URL of the production server',
              fix: 'give the https URL of the deployment',
              where: origin,
            }),
          ],
    ),
  },
  {
    name: 'deployed-tools',
    title: 'the deployment has the tools of the catalogue',
    run: ofTools((listed, { tools }) => {
      const byName = new Map(listed.map((tool) => [String(tool['name']), tool]))
      const names = new Set(tools.map(({ name }) => name))
      const differing = [
        ...tools.flatMap((tool): Difference[] => {
          const other = byName.get(tool.name)
          if (other === undefined) return [[tool.name, 'is not deployed']]
          const members = COMPARED.filter(
            (name) => !isDeepStrictEqual(plain(tool[name]), plain(other[name])),
          )
          return members.length === 0
            ? []
            : [[tool.name, `is deployed with another ${members.join(', ')}`]]
        }),
        ...[...byName.keys()]
          .filter((name) => !names.has(name))
          .map((name): Difference => [name.slice(0, 128), 'is deployed and not in the catalogue']),
      ]
      return differing.map(([name, what]) =>
        fault({
          id: 'deployed_tools_differ',
          seen: `${name} ${what}`,
          why: 'Scan Tools takes a snapshot of the deployment, and a later change needs a new scan',
          fix: 'npm run deploy -- gateway, then scan again',
          where: `tool ${name}`,
        }),
      )
    }),
  },
  {
    name: 'advertised-scopes',
    title: 'every tool lists its sign-in, and the metadata has its scopes',
    run: ofTools((listed, { deployment }) => {
      const supported = stringsIn(deployment?.metadata?.['scopes_supported']) ?? []
      return listed.flatMap((tool) => schemeFaults(tool, supported))
    }),
  },
  {
    name: 'metadata-links',
    title: 'the metadata of the resource links documentation, policy and terms',
    run: ofDeployment(({ origin, metadata }) =>
      Object.entries(LINKS)
        .filter(([member]) => typeof metadata?.[member] !== 'string')
        .map(([member, place]) =>
          warning({
            id: 'metadata_links_missing',
            seen: `the metadata has no ${member}`,
            why: 'Administrators of workspaces find these pages through it',
            fix: `set ${place} in the catalogue, then npm run deploy -- metadata`,
            where: `${origin}/.well-known/oauth-protected-resource`,
          }),
        ),
    ),
  },
]

function schemeFaults(tool: JsonObject, supported: readonly string[]): readonly Finding[] {
  const name = String(tool['name']).slice(0, 128)
  const where = `tool ${name}`
  const schemes = tool['securitySchemes'] ?? asObject(tool['_meta'])?.['securitySchemes']
  if (!Array.isArray(schemes) || schemes.length === 0) {
    return [
      fault({
        id: 'security_schemes_missing',
        seen: `${name} is listed without securitySchemes`,
        why: 'ChatGPT takes such a tool for one that needs what the server as a whole needs',
        fix: 'run the gateway of this release: npm run deploy -- gateway',
        where,
      }),
    ]
  }
  const scopes = schemes.flatMap((scheme: unknown) => stringsIn(asObject(scheme)?.['scopes']) ?? [])
  const missing = scopes.filter((scope) => !supported.includes(scope))
  if (missing.length === 0) return []
  return [
    fault({
      id: 'scopes_not_advertised',
      seen: `${name} needs ${missing.join(' ')}, which scopes_supported does not have`,
      why: 'ChatGPT asks for scopes that the metadata advertises',
      fix: 'deploy the same catalogue to both: npm run deploy -- gateway metadata',
      where,
    }),
  ]
}

function ofDeployment(
  run: (deployment: Deployment, seen: Subject) => readonly Finding[],
): SubmissionCheck['run'] {
  return (seen) => (seen.deployment === undefined ? OFFLINE : run(seen.deployment, seen))
}

function ofTools(
  run: (listed: readonly JsonObject[], seen: Subject) => readonly Finding[],
): SubmissionCheck['run'] {
  return (seen) => {
    if (seen.deployment === undefined) return OFFLINE
    const { tools } = seen.deployment
    return 'absent' in tools ? { skipped: 'the tools could not be listed' } : run(tools, seen)
  }
}

/** As JSON has it: without members that are undefined; an empty text is listed as none. */
function plain(value: unknown): unknown {
  if (value === undefined || value === '') return undefined
  return JSON.parse(JSON.stringify(value))
}

import { isDeepStrictEqual } from 'node:util'
import { asObject } from '../../../shared/json.ts'
import type { Observed } from '../faults/faults.ts'
import { type JsonObject, stringsIn } from '../probe-result.ts'
import type { Deployment } from './observe.ts'
import type { Subject, SubmissionCheck } from './subject.ts'

const OFFLINE = { skipped: 'no URL was given' }
/** Members of the metadata, by the member of the catalogue that they come from. */
const LINKS: Readonly<Record<string, string>> = {
  resource_documentation: 'server.documentation',
  resource_policy_uri: 'server.policy',
  resource_tos_uri: 'server.terms',
}
/** Members of a listed tool that Scan Tools stores and that the gateway passes unchanged. */
const COMPARED = ['title', 'description', 'annotations'] as const

type Difference = readonly [name: string, difference: string]

/** The deployment compared with the catalogue. */
export const DEPLOYED_CHECKS: readonly SubmissionCheck[] = [
  {
    name: 'scan',
    title: 'The deployment lists its tools',
    run: ofDeployment(({ origin, tools }) => {
      if (!('absent' in tools)) return []
      const seen = `tools/list: ${tools.absent}`
      return [{ id: 'scan_required', seen, where: origin, details: { status: tools.absent } }]
    }),
  },
  {
    name: 'https',
    title: 'The URL is https',
    run: ofDeployment(({ origin }) =>
      origin.startsWith('https:')
        ? []
        : [{ id: 'url_not_https', seen: `${origin} is not https`, where: origin }],
    ),
  },
  {
    name: 'deployed-tools',
    title: 'The deployment has the tools of the catalogue',
    run: ofTools((listed, { tools }) => {
      const byName = new Map(listed.map((tool) => [String(tool['name']), tool]))
      const names = new Set(tools.map(({ name }) => name))
      const differing = [
        ...tools.flatMap((tool): Difference[] => {
          const other = byName.get(tool.name)
          if (other === undefined) return [[tool.name, 'is not deployed']]
          const members = COMPARED.filter(
            (name) => !isDeepStrictEqual(asJson(tool[name]), asJson(other[name])),
          )
          return members.length === 0
            ? []
            : [[tool.name, `is deployed with another ${members.join(', ')}`]]
        }),
        ...[...byName.keys()]
          .filter((name) => !names.has(name))
          .map((name): Difference => [name.slice(0, 128), 'is deployed and not in the catalogue']),
      ]
      return differing.map(([name, difference]) => ({
        id: 'deployed_tools_differ',
        seen: `${name} ${difference}`,
        where: `tool ${name}`,
      }))
    }),
  },
  {
    name: 'advertised-scopes',
    title: 'Every tool lists its sign-in, and the metadata has its scopes',
    run: ofTools((listed, { deployment }) => {
      const supported = stringsIn(deployment?.metadata?.['scopes_supported']) ?? []
      return listed.flatMap((tool) => schemeFaults(tool, supported))
    }),
  },
  {
    name: 'metadata-links',
    title: 'The metadata of the resource links documentation, policy and terms',
    run: ofDeployment(({ origin, metadata }) =>
      Object.entries(LINKS)
        .filter(([name]) => typeof metadata?.[name] !== 'string')
        .map(([name, member]) => ({
          id: 'metadata_links_missing',
          seen: `the metadata has no ${name}`,
          where: `${origin}/.well-known/oauth-protected-resource`,
          details: { member },
        })),
    ),
  },
]

function schemeFaults(tool: JsonObject, supported: readonly string[]): readonly Observed[] {
  const name = String(tool['name']).slice(0, 128)
  const where = `tool ${name}`
  const schemes = tool['securitySchemes'] ?? asObject(tool['_meta'])?.['securitySchemes']
  if (!Array.isArray(schemes) || schemes.length === 0) {
    const seen = `${name} is listed without securitySchemes`
    return [{ id: 'security_schemes_missing', seen, where }]
  }
  const scopes = schemes.flatMap((scheme: unknown) => stringsIn(asObject(scheme)?.['scopes']) ?? [])
  const missing = scopes.filter((scope) => !supported.includes(scope))
  if (missing.length === 0) return []
  const seen = `${name} requires ${missing.join(' ')}, which scopes_supported lacks`
  return [{ id: 'scopes_not_advertised', seen, where }]
}

function ofDeployment(
  run: (deployment: Deployment, subject: Subject) => readonly Observed[],
): SubmissionCheck['run'] {
  return (subject) =>
    subject.deployment === undefined ? OFFLINE : run(subject.deployment, subject)
}

function ofTools(
  run: (listed: readonly JsonObject[], subject: Subject) => readonly Observed[],
): SubmissionCheck['run'] {
  return (subject) => {
    if (subject.deployment === undefined) return OFFLINE
    const { tools } = subject.deployment
    return 'absent' in tools ? { skipped: 'the tools could not be listed' } : run(tools, subject)
  }
}

/** As JSON, without undefined members; an empty text is not listed. */
function asJson(value: unknown): unknown {
  if (value === undefined || value === '') return undefined
  return JSON.parse(JSON.stringify(value))
}

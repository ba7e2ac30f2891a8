import { UI_MIME_TYPE } from '../../../shared/catalogue/resources/mime-type.ts'
import { quantity } from '../../kit/quantity.ts'
import type { CheckOutcome } from '../check.ts'
import type { Observed } from '../faults/faults.ts'
import { preview } from '../probe-result.ts'
import {
  htmlOf,
  type Subject,
  type SubmissionCheck,
  toolPlace,
  type UiResource,
  uiOf,
  uiResources,
} from './subject.ts'
import { covers, domainOf, policyOf, usedSources } from './ui-policy.ts'

/** Hosts that many apps share. */
const SHARED_HOST =
  /(?:^|\.)(?:oaiusercontent\.com|chatgpt\.com|openai\.com|claudemcpcontent\.com|claude\.ai)$/
const NO_UI = { skipped: 'no tool has a UI' }

/** The UI of the tools: where it runs and what it may load. */
export const UI_CHECKS: readonly SubmissionCheck[] = [
  {
    name: 'ui-resources',
    title: `The UI of every tool can be read as ${UI_MIME_TYPE}`,
    run: ({ tools, resources }) => {
      const types = new Map(resources.map(({ uri, mimeType }) => [uri, mimeType]))
      const uris = [...new Set(tools.map(uiOf))].filter((uri) => uri !== undefined)
      if (uris.length === 0) return NO_UI
      return uris
        .filter((uri) => !types.has(uri) || (types.get(uri) ?? UI_MIME_TYPE) !== UI_MIME_TYPE)
        .map((uri) => ({
          id: 'ui_resource_unreadable',
          seen: types.has(uri) ? `its type is ${types.get(uri)}` : 'the resource does not exist',
          where: resourcePlace(uri),
        }))
    },
  },
  {
    name: 'ui-place',
    title: 'Domain and policy of a UI are on its resource',
    run: ({ tools, warnings }) =>
      tools.flatMap((tool) =>
        warnings
          .filter((line) => line.startsWith(`tool ${JSON.stringify(tool.name)}: _meta.ui.`))
          .map((seen) => ({ id: 'ui_meta_on_tool', seen, where: toolPlace(tool) })),
      ),
  },
  {
    name: 'ui-domain',
    title: "Every UI has the app's own origin as its domain",
    run: ofUis(checkDomain),
  },
  { name: 'ui-csp', title: 'Every UI declares the domains that it uses', run: ofUis(checkPolicy) },
  {
    name: 'frame-domains',
    title: 'Every domain that a UI frames has an explanation',
    run: ofUis((resource, { submission, submissionFile: file }) =>
      (policyOf(resource)?.frameDomains ?? [])
        .filter((domain) => !isExplained(submission?.frameDomains ?? {}, domain))
        .map((domain) => ({
          id: 'frame_domain_explanation_required',
          seen: `the UI frames ${domain} without an explanation`,
          where: resourcePlace(resource.uri),
          details: { file },
        })),
    ),
  },
  {
    name: 'screenshots',
    title: 'There are screenshots only with a UI, one for each starter prompt',
    run: checkScreenshots,
  },
]

function ofUis(
  run: (resource: UiResource, subject: Subject) => readonly Observed[],
): SubmissionCheck['run'] {
  return (subject) => {
    const resources = uiResources(subject)
    return resources.length === 0 ? NO_UI : resources.flatMap((resource) => run(resource, subject))
  }
}

function checkDomain(resource: UiResource, subject: Subject): Observed[] {
  const domain = domainOf(resource)
  const where = resourcePlace(resource.uri)
  if (domain === undefined) {
    return [{ id: 'ui_domain_required', seen: 'the UI has no domain', where }]
  }
  if (!isOrigin(domain)) {
    const seen = `the domain ${preview(domain)} is not an https origin`
    return [{ id: 'ui_domain_not_origin', seen, where }]
  }
  if (SHARED_HOST.test(new URL(domain).hostname)) {
    const seen = `the domain ${domain} is not the app's own`
    return [{ id: 'ui_domain_not_unique', seen, where }]
  }
  const all = new Set(uiResources(subject).map(domainOf).filter(isOrigin).map(originOf))
  if (all.size < 2) return []
  const seen = `the UIs of this app have ${all.size} domains`
  return [{ id: 'ui_domain_differs', seen, where }]
}

function checkPolicy(resource: UiResource): Observed[] {
  const policy = policyOf(resource)
  const where = resourcePlace(resource.uri)
  if (policy === undefined) {
    return [{ id: 'ui_csp_required', seen: 'the UI has no policy', where }]
  }
  const absent = (['connectDomains', 'resourceDomains'] as const).filter(
    (name) => policy[name] === undefined,
  )
  const undeclared = usedSources(htmlOf(resource) ?? '').filter(
    ({ directive, url }) => !covers(policy[directive] ?? [], url),
  )
  const broad = Object.entries(policy).flatMap(([name, domains]) =>
    (domains ?? [])
      .filter((domain) => domain.includes('*') || /^(?:http|ws):/i.test(domain))
      .map((domain) => `${name} has ${domain}`),
  )
  return [
    ...absent.map((directive) => ({
      id: 'ui_csp_incomplete' as const,
      seen: `the policy lacks ${directive}`,
      where,
      details: { directive },
    })),
    ...undeclared.map(({ directive, url }) => ({
      id: 'ui_csp_undeclared' as const,
      seen: `the UI uses ${url}, which ${directive} does not declare`,
      where,
      details: { directive, url },
    })),
    ...broad.map((seen) => ({ id: 'ui_csp_broad' as const, seen, where })),
  ]
}

function checkScreenshots({ submission, submissionFile, tools }: Subject): CheckOutcome {
  const { screenshots = [], starterPrompts = [] } = submission ?? {}
  if (screenshots.length === 0) return []
  const where = `${submissionFile}: screenshots`
  if (tools.every((tool) => uiOf(tool) === undefined)) {
    const seen = `the submission has ${quantity(screenshots.length, 'screenshot')}, and no tool has a UI`
    return [{ id: 'screenshots_not_allowed', seen, where }]
  }
  if (screenshots.length === starterPrompts.length) return []
  const seen = `the submission has ${quantity(screenshots.length, 'screenshot')} for ${quantity(starterPrompts.length, 'starter prompt')}`
  return [{ id: 'screenshots_incomplete', seen, where }]
}

function isOrigin(domain: unknown): domain is string {
  const url = typeof domain === 'string' ? URL.parse(domain) : null
  return url?.protocol === 'https:' && (url.origin === domain || `${url.origin}/` === domain)
}

function originOf(domain: string): string {
  return new URL(domain).origin
}

/** By the domain as it is declared, or by its host. */
function isExplained(explanations: Readonly<Record<string, string>>, domain: string): boolean {
  const host = domain.replace(/^[a-z]+:\/\//i, '')
  return [domain, host].some((name) => Boolean(explanations[name]?.trim()))
}

function resourcePlace(uri: string): string {
  return `resource ${uri}`
}

import { UI_MIME_TYPE } from '../../../shared/catalogue/resources/mime-type.ts'
import { type Finding, fault, warning } from '../check.ts'
import { shown } from '../exchange.ts'
import {
  atTool,
  htmlOf,
  type Subject,
  type SubmissionCheck,
  type UiResource,
  uiOf,
  uiResources,
} from './subject.ts'
import { covers, domainOf, policyOf, usedSources } from './ui-policy.ts'

/** Origins that are not an app's own. */
const SHARED_HOST =
  /(?:^|\.)(?:oaiusercontent\.com|chatgpt\.com|openai\.com|claudemcpcontent\.com|claude\.ai)$/
const NO_UI = { skipped: 'no tool has a UI' }

/** The UI of the tools: where it runs and what it may load. */
export const UI_CHECKS: readonly SubmissionCheck[] = [
  {
    name: 'ui-resources',
    title: `the UI of every tool can be read as ${UI_MIME_TYPE}`,
    run: ({ tools, resources }) => {
      const types = new Map(resources.map(({ uri, mimeType }) => [uri, mimeType]))
      const uris = [...new Set(tools.map(uiOf))].filter((uri) => uri !== undefined)
      if (uris.length === 0) return NO_UI
      return uris
        .filter((uri) => !types.has(uri) || (types.get(uri) ?? UI_MIME_TYPE) !== UI_MIME_TYPE)
        .map((uri) =>
          fault({
            id: 'ui_resource_unreadable',
            seen: types.has(uri) ? `its type is ${types.get(uri)}` : 'there is no such resource',
            why: 'Scan Tools reads the UI of every tool that names one',
            fix: `add it to resources, with the type ${UI_MIME_TYPE}`,
            where: atResource(uri),
          }),
        )
    },
  },
  {
    name: 'ui-place',
    title: 'domain and policy of a UI stand on its resource',
    run: ({ tools, warnings }) =>
      tools.flatMap((tool) =>
        warnings
          .filter((line) => line.startsWith(`tool ${JSON.stringify(tool.name)}: _meta.ui.`))
          .map((line) =>
            warning({
              id: 'ui_meta_on_tool',
              seen: line,
              why: 'OpenAI reads it from the content of the resource',
              fix: 'move it to _meta.ui of the resource',
              where: atTool(tool),
            }),
          ),
      ),
  },
  {
    name: 'ui-domain',
    title: "every UI has the app's own origin as its domain",
    run: ofUis(({ uri, ...resource }, seen) => {
      const domain = domainOf({ uri, ...resource })
      const about = {
        why: "OpenAI requires a dedicated origin for an app's UI",
        where: atResource(uri),
      }
      const fix =
        'set _meta.ui.domain of the resource to an origin of your own, such as https://app.example.com'
      if (domain === undefined) {
        return [fault({ id: 'ui_domain_required', seen: 'the UI has no domain', fix, ...about })]
      }
      if (!isOrigin(domain)) {
        const text = `the domain ${shown(domain)} is not an https origin`
        return [fault({ id: 'ui_domain_not_origin', seen: text, fix, ...about })]
      }
      const others = new Set(uiResources(seen).map(domainOf).filter(isOrigin).map(originOf))
      if (SHARED_HOST.test(new URL(domain).hostname)) {
        const text = `the domain ${domain} is not the app's own`
        return [fault({ id: 'ui_domain_not_unique', seen: text, fix, ...about })]
      }
      if (others.size < 2) return []
      return [
        warning({
          id: 'ui_domain_differs',
          seen: `the UIs of this app have ${others.size} domains`,
          why: 'The domain identifies the app',
          fix: 'give all UIs the same domain',
          where: atResource(uri),
        }),
      ]
    }),
  },
  {
    name: 'ui-csp',
    title: 'every UI declares the domains that it uses',
    run: ofUis((resource) => {
      const policy = policyOf(resource)
      const where = atResource(resource.uri)
      if (policy === undefined) {
        return [
          fault({
            id: 'ui_csp_required',
            seen: 'the UI has no policy',
            why: 'OpenAI requires a policy that allows the exact domains that the UI uses',
            fix: 'set _meta.ui.csp of the resource; {connectDomains: [], resourceDomains: []} when it loads nothing',
            where,
          }),
        ]
      }
      const missing = (['connectDomains', 'resourceDomains'] as const).filter(
        (name) => policy[name] === undefined,
      )
      const incomplete = missing.map((name) =>
        warning({
          id: 'ui_csp_incomplete',
          seen: `the policy does not say ${name}`,
          why: 'The review compares the policy with the behaviour, and an absent list is easily a forgotten one',
          fix: `add ${name} to _meta.ui.csp, [] when there is none`,
          where,
        }),
      )
      const undeclared = usedSources(htmlOf(resource) ?? '')
        .filter(({ directive, url }) => !covers(policy[directive] ?? [], url))
        .map(({ directive, url }) =>
          fault({
            id: 'ui_csp_undeclared',
            seen: `the UI uses ${url}, which ${directive} does not declare`,
            why: 'Hosts block it, and the review tests the UI',
            fix: `add ${url} to ${directive} in _meta.ui.csp, or take it out of the HTML`,
            where,
          }),
        )
      const wide = Object.entries(policy).flatMap(([name, domains]) =>
        (domains ?? [])
          .filter((domain) => domain.includes('*') || /^(?:http|ws):/i.test(domain))
          .map((domain) =>
            warning({
              id: 'ui_csp_broad',
              seen: `${name} has ${domain}`,
              why: 'The review asks for exact domains over TLS',
              fix: 'name the hosts that the UI uses, with https or wss',
              where,
            }),
          ),
      )
      return [...incomplete, ...undeclared, ...wide]
    }),
  },
  {
    name: 'frame-domains',
    title: 'every domain that a UI frames has an explanation',
    run: ofUis((resource, { submission, submissionFile }) =>
      (policyOf(resource)?.frameDomains ?? [])
        .filter((domain) => !explained(submission?.frameDomains ?? {}, domain))
        .map((domain) =>
          fault({
            id: 'frame_domain_explanation_required',
            seen: `the UI frames ${domain} without an explanation`,
            why: 'The portal asks why the UI needs each framed domain and what it shows; frames make the review stricter',
            fix: `write it in ${submissionFile} under frameDomains, or do without the frame`,
            where: atResource(resource.uri),
          }),
        ),
    ),
  },
  {
    name: 'screenshots',
    title: 'there are screenshots only with a UI, one for each starter prompt',
    run: (seen) => {
      const { submission, submissionFile, tools } = seen
      const { screenshots = [], starterPrompts = [] } = submission ?? {}
      if (screenshots.length === 0) return []
      const where = `${submissionFile}: screenshots`
      if (tools.every((tool) => uiOf(tool) === undefined)) {
        return [
          fault({
            id: 'screenshots_not_allowed',
            seen: `there are ${screenshots.length} screenshots, and no tool has a UI`,
            why: 'OpenAI takes screenshots of a UI only',
            fix: 'remove screenshots',
            where,
          }),
        ]
      }
      if (screenshots.length === starterPrompts.length) return []
      return [
        fault({
          id: 'screenshots_incomplete',
          seen: `there are ${screenshots.length} screenshots for ${starterPrompts.length} starter prompts`,
          why: 'The portal takes one for each starter prompt, 706 pixels wide and 400 to 860 tall',
          fix: 'add or remove screenshots until the numbers agree',
          where,
        }),
      ]
    },
  },
]

function ofUis(
  run: (resource: UiResource, seen: Subject) => readonly Finding[],
): SubmissionCheck['run'] {
  return (seen) => {
    const resources = uiResources(seen)
    return resources.length === 0 ? NO_UI : resources.flatMap((resource) => run(resource, seen))
  }
}

function isOrigin(domain: unknown): domain is string {
  const url = typeof domain === 'string' ? URL.parse(domain) : null
  return url?.protocol === 'https:' && (url.origin === domain || `${url.origin}/` === domain)
}

function originOf(domain: string): string {
  return new URL(domain).origin
}

/** By the domain as it is declared, or by its host. */
function explained(explanations: Readonly<Record<string, string>>, domain: string): boolean {
  const host = domain.replace(/^[a-z]+:\/\//i, '')
  return [domain, host].some((name) => Boolean(explanations[name]?.trim()))
}

function atResource(uri: string): string {
  return `resource ${uri}`
}

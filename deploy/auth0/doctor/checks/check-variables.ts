import { catalogueScopes } from '../../../../shared/tools.ts'
import { fault, type Verdict } from '../../../diagnostics/check.ts'
import type { Inside } from '../../../diagnostics/observe/tenant.ts'
import { stringsIn } from '../../../diagnostics/exchange.ts'
import type { Outside } from '../../../diagnostics/observe/deployment.ts'

/** Whether the variables of this command are those of the deployment. */
export function compareVariables(
  { config }: Inside,
  { origin, metadata, tools }: Outside,
): Verdict {
  const { given, provision } = config
  const { resource, scopes_supported } = metadata ?? {}
  const needed = catalogueScopes(provision.catalogue)
  const published = stringsIn(scopes_supported) ?? []
  const differences = [
    ...(given.has('PUBLIC_URL') && provision.PUBLIC_URL !== origin
      ? [`PUBLIC_URL is ${provision.PUBLIC_URL}, not ${origin}`]
      : []),
    ...(given.has('OAUTH_AUDIENCE') &&
    typeof resource === 'string' &&
    provision.audience !== resource
      ? [`OAUTH_AUDIENCE is ${provision.audience}, the deployment's resource is ${resource}`]
      : []),
    ...(tools === undefined
      ? []
      : needed
          .filter((scope) => !published.includes(scope))
          .map((scope) => `the catalogue needs ${scope}, which the deployment does not advertise`)),
    ...[...provision.catalogue.keys()]
      .filter((name) => tools?.has(name) === false)
      .map((name) => `the catalogue has ${name}, the deployment does not`),
  ]
  if (differences.length === 0) return []
  return [
    fault({
      id: 'variables_differ',
      seen: differences.join('; '),
      why: 'The deployment runs with other variables than provision does: the one is not made for the other',
      fix: 'npm run deploy with these variables, or run doctor with those of the deployment',
    }),
  ]
}

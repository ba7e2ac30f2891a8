import { asObject, parseJson } from '../../../shared/json.ts'
import type { Check, CheckOutcome } from '../check.ts'
import type { DeploymentObservation } from '../observe/deployment.ts'
import { documentOf, isResponse, outcomeOf, preview, stringsIn } from '../probe-result.ts'

/** The deployment's own health reports. */
export const HEALTH_CHECKS: readonly Check<DeploymentObservation>[] = [
  {
    name: 'health',
    title: 'The metadata function reports ok',
    run: ({ health }) => {
      const document = documentOf(health)
      if ('value' in document && document.value['status'] === 'ok') return []
      const status = 'absent' in document ? document.absent : preview(document.value['status'])
      return [{ id: 'health_failing', seen: `GET /health: ${status}`, where: health.url }]
    },
  },
  { name: 'health of Auth0', title: 'The deployment reaches Auth0', run: checkAuth0Health },
]

function checkAuth0Health({
  auth0Health,
  metadata,
  isCurated,
}: DeploymentObservation): CheckOutcome {
  if (!isResponse(auth0Health)) return { skipped: outcomeOf(auth0Health) }
  const where = auth0Health.url
  const report = asObject(parseJson(auth0Health.text)?.value)
  if (report === undefined || report['status'] !== 'ok') {
    const failing = stringsIn(report?.['failing']) ?? []
    const parts = failing.map((part) => `, ${part} failing${reasonOf(report?.[part])}`)
    const seen = `GET /health/auth0: ${outcomeOf(auth0Health)}${parts.join('')}`
    return [{ id: 'auth0_health_failing', seen, where }]
  }
  const [named] = stringsIn(metadata?.['authorization_servers']) ?? []
  const issuer = asObject(report['issuer'])?.['url']
  const differences = [
    ...differenceOf('audience', report['audience'], 'resource', metadata?.['resource']),
    ...(isCurated ? [] : differenceOf('issuer', issuer, 'authorization_servers', named)),
  ]
  if (differences.length === 0) return []
  return [{ id: 'health_disagrees', seen: differences.join('; '), where }]
}

function differenceOf(one: string, value: unknown, other: string, published: unknown): string[] {
  if (value === undefined || published === undefined || value === published) return []
  return [
    `${one} of /health/auth0 is ${preview(value)}, ${other} of the metadata is ${preview(published)}`,
  ]
}

function reasonOf(part: unknown): string {
  const reason = asObject(part)?.['reason']
  return typeof reason === 'string' ? ` (${reason.slice(0, 60)})` : ''
}

import { asObject, parseJson } from '../../../shared/json.ts'
import { type Check, fault, type Verdict } from '../check.ts'
import { documentOf, isObject, shown, stringsIn } from '../exchange.ts'
import type { Outside } from '../observe/deployment.ts'
import { type Answer, isAnswer, outcomeOf } from '../probe.ts'

/** What the deployment says of its own health. */
export const HEALTH_CHECKS: readonly Check<Outside>[] = [
  {
    name: 'health',
    title: 'the metadata function is alive',
    run: ({ health }) => {
      const document = documentOf(health)
      if ('value' in document && document.value['status'] === 'ok') return []
      return [
        fault({
          id: 'health_failing',
          seen: `GET /health: ${'absent' in document ? document.absent : shown(document.value['status'])}`,
          why: 'The function metadata does not run, or the path does not lead to it',
          fix: 'rewrite /health and /health/** to the function metadata (deploy/firebase.json), then npm run deploy; if it leads there: gcloud functions logs read metadata --gen2',
          where: health.url,
        }),
      ]
    },
  },
  { name: 'health of Auth0', title: 'the deployment reaches Auth0', run: checkAuth0Health },
]

function checkAuth0Health(seen: Outside): Verdict {
  const { auth0Health, metadata, isCurated } = seen
  if (!isAnswer(auth0Health)) return { skipped: outcomeOf(auth0Health) }
  const report = reportIn(auth0Health)
  if (report === undefined || report['status'] !== 'ok') {
    const failing = stringsIn(report?.['failing']) ?? []
    return [
      fault({
        id: 'auth0_health_failing',
        seen: `GET /health/auth0: ${outcomeOf(auth0Health)}${failing.map((part) => `, ${part} failing${reasonOf(report?.[part])}`).join('')}`,
        why: 'Without the issuer nobody can sign in, without its keys no token can be verified',
        fix: 'check OAUTH_ISSUER in .env.yaml and that the functions may reach it (VPC egress, firewall); if Auth0 itself is down: https://status.auth0.com',
        where: auth0Health.url,
      }),
    ]
  }
  const [named] = stringsIn(metadata?.['authorization_servers']) ?? []
  const issuer = isObject(report['issuer']) ? report['issuer']['url'] : undefined
  const differences = [
    ...differenceOf('audience', report['audience'], 'resource', metadata?.['resource']),
    ...(isCurated ? [] : differenceOf('issuer', issuer, 'authorization_servers', named)),
  ]
  if (differences.length === 0) return []
  return [
    fault({
      id: 'health_disagrees',
      seen: differences.join('; '),
      why: 'Two versions of the function answer, or something rewrites the metadata on the way: clients get tokens that the gateway refuses',
      fix: 'npm run deploy, so that all functions have the same OAUTH_ISSUER and OAUTH_AUDIENCE, and purge the cache of the front',
      where: auth0Health.url,
    }),
  ]
}

function differenceOf(one: string, value: unknown, other: string, published: unknown): string[] {
  if (value === undefined || published === undefined || value === published) return []
  return [
    `${one} of /health/auth0 is ${shown(value)}, ${other} of the metadata is ${shown(published)}`,
  ]
}

function reportIn({ text }: Answer) {
  return asObject(parseJson(text)?.value)
}

function reasonOf(part: unknown): string {
  const reason = isObject(part) ? part['reason'] : undefined
  return typeof reason === 'string' ? ` (${reason.slice(0, 60)})` : ''
}

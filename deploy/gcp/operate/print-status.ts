import type { Style } from '../../kit/style.ts'
import type { FunctionStatus, Status } from './read-status.ts'

/** Returns the status as text. */
export function printStatus(found: Status, style: Style): string {
  const { project, region, publicUrl, functions, hosting, auth0, others } = found
  const version = functions.flatMap(({ health }) => Object.entries(health?.version ?? {}))
  const width = Math.max(...functions.map(({ name }) => name.length))
  return [
    `Project ${project}, region ${region}, ${publicUrl ?? 'PUBLIC_URL is not set: no health checks'}`,
    ...(version.length > 0 ? [version.map(([name, value]) => `${name} ${value}`).join(', ')] : []),
    ...functions.map((one) => `  ${one.name.padEnd(width)}  ${describeFunction(one)}`),
    `  ${'Hosting'.padEnd(width)}  ${describeHosting(hosting)}`,
    ...(auth0 ? [`  ${'Auth0'.padEnd(width)}  ${auth0.problem ?? 'reachable'}`] : []),
    ...(others.length > 0
      ? [
          `Other deployments in this project: ${others.map(({ id, region: at }) => `${id} (${at})`).join(', ')}`,
        ]
      : []),
    found.isHealthy
      ? style.green('Healthy: everything is deployed and responds.')
      : style.red('Not healthy. Run npm run doctor to find the cause.'),
    '',
  ].join('\n')
}

function describeFunction({ deployed, health }: FunctionStatus): string {
  if (deployed === undefined) return 'not deployed'
  const { serving, traffic, servesLatest, state, deployedAt, revisions } = deployed
  const shares = traffic.map(({ revision, percent }) => `${revision} ${percent} %`)
  const serves = shares.length > 1 ? shares.join(', ') : (serving?.name ?? 'no revision')
  const newest = revisions.find(({ isReady }) => isReady)
  return [
    ...(state === 'ACTIVE' ? [] : [state]),
    `${serves} since ${time(serving?.createdAt)}`,
    `deployed ${time(deployedAt)}`,
    ...(servesLatest ? [] : [`${newest?.name} is newer and has no traffic`]),
    ...(health ? [health.problem ?? 'healthy'] : []),
  ].join('; ')
}

function describeHosting(hosting: Status['hosting']): string {
  if ('problem' in hosting) return hosting.problem
  const { site, version, releasedAt, releasedBy } = hosting
  return `${site}: version ${version} since ${time(releasedAt)}${releasedBy ? ` by ${releasedBy}` : ''}`
}

/** RFC 3339 to the minute, in UTC. */
function time(value: string | undefined): string {
  const at = Date.parse(value ?? '')
  if (Number.isNaN(at)) return 'an unknown time'
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

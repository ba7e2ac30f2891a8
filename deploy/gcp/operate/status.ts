import { PLAIN, type Style } from '../../kit/style.ts'
import type { OperateDependencies } from './dependencies.ts'
import type { OperateOptions } from './options.ts'
import { readPlace } from './place.ts'
import { printStatus } from './print-status.ts'
import { readStatus, type Status } from './read-status.ts'

/**
 * Runs `npm run status`; returns the exit code.
 *
 * @throws DeployError or ConfigError.
 */
export async function status(
  options: OperateOptions,
  dependencies: OperateDependencies,
  style: Style = PLAIN,
): Promise<0 | 1> {
  const { write } = dependencies
  const place = await readPlace(options, dependencies)
  const found = await readStatus(place, dependencies)
  write(
    options.json ? `${JSON.stringify(toJson(found), undefined, 2)}\n` : printStatus(found, style),
  )
  return found.isHealthy ? 0 : 1
}

function toJson({ functions, isHealthy, ...rest }: Status) {
  return {
    healthy: isHealthy,
    ...rest,
    functions: functions.map(({ name, deployed, health }) => ({
      name,
      deployed: deployed !== undefined,
      id: deployed?.id,
      service: deployed?.service,
      region: deployed?.region,
      state: deployed?.state,
      deployedAt: deployed?.deployedAt,
      revision: deployed?.serving?.name,
      servingSince: deployed?.serving?.createdAt,
      servesLatest: deployed?.servesLatest,
      traffic: deployed?.traffic,
      health,
    })),
  }
}

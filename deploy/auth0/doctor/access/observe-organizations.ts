import type { Management } from '../../../../shared/auth0/management.ts'
import { firstItems, type Optional, readOptional } from './optional.ts'

/** An organization whose members sign in with ChatGPT. */
export interface OrganizationSeen {
  readonly id: string
  /** Undefined when there is none with this id. */
  readonly state: OrganizationState | undefined
}

export interface OrganizationState {
  readonly allowsThirdParties: boolean
  /** Names of the connections that are enabled in it; undefined when they could not be read. */
  readonly connections: readonly string[] | undefined
}

const PER_PAGE = 50
const MAX_ORGANIZATIONS = 10
const NOT_FOUND = 404

/** Reads these organizations, the first ten at most. */
export function observeOrganizations(
  management: Management,
  ids: readonly string[],
): Promise<Optional<readonly OrganizationSeen[]>> {
  return readOptional('read:organizations', async () => {
    const seen: OrganizationSeen[] = []
    for (const id of ids.slice(0, MAX_ORGANIZATIONS)) {
      seen.push({ id, state: await readOrganization(management, id) })
    }
    return seen
  })
}

async function readOrganization(
  management: Management,
  id: string,
): Promise<OrganizationState | undefined> {
  try {
    const { third_party_client_access: access } = await management.organizations.get(id)
    const connections = await readOptional('read:organization_connections', () =>
      firstItems(
        management.organizations.enabledConnections.list(id, { per_page: PER_PAGE }),
        PER_PAGE,
      ),
    )
    return {
      allowsThirdParties: access === 'allow',
      connections:
        'value' in connections
          ? connections.value.flatMap(({ connection }) => connection?.name ?? [])
          : undefined,
    }
  } catch (error) {
    if (Reflect.get(Object(error), 'statusCode') !== NOT_FOUND) throw error
    return undefined
  }
}

import { secretsOf } from '../state/functions.ts'
import type { State } from '../state/state.ts'
import type { Leftover } from './leftovers.ts'

/** The function or service, for messages, that uses each secret and each service account. */
export interface Users {
  /** By the secret's id. */
  readonly secrets: ReadonlyMap<string, string>
  /** By e-mail address. */
  readonly accounts: ReadonlyMap<string, string>
}

/** Returns the users in all regions of the project, without the functions in `removed`. */
export function remainingUsers(
  removed: readonly Leftover[],
  { all = { functions: [], services: [] } }: Pick<State, 'all'>,
): Users {
  const removedIds = new Set(removed.map(({ id, region }) => `${region}/${id}`))
  const isRemoved = (id: string, region: string) => removedIds.has(`${region}/${id}`)
  const functions = all.functions.filter(({ id, region }) => !isRemoved(id, region))
  const runs = new Set(
    all.functions
      .filter(({ id, region }) => isRemoved(id, region))
      .map(({ run, region }) => `${region}/${run}`),
  )
  const services = all.services.filter(({ name, region }) => !runs.has(`${region}/${name}`))
  const users = [
    ...functions.map((one) => ({
      user: `the function ${one.id} in ${one.region}`,
      account: String(one.service['serviceAccountEmail']),
      secrets: secretsOf(one),
    })),
    ...services.map(({ name, region, account, secrets }) => ({
      user: `the service ${name} in ${region}`,
      account,
      secrets,
    })),
  ]
  return {
    secrets: new Map(
      users.flatMap(({ user, secrets }) => secrets.map((id) => [id, user] as const)),
    ),
    accounts: new Map(users.map(({ user, account }) => [account, user] as const)),
  }
}

import type { Management } from '../../shared/management.ts'
import { SCOPE_OF_CHANGE } from './management-scopes.ts'
import type { Change, ClientReference, PlanItem, Step } from './plan-item.ts'
import { explainFailure } from './reading.ts'

/** How far a plan was carried out. */
export interface Applied {
  readonly done: readonly PlanItem[]
  /** Client ids of the clients that were made. */
  readonly madeClients: readonly string[]
  /** What stopped it; the steps after this one were not tried. */
  readonly failure?: {
    readonly item: PlanItem
    /** One line for people; the caller takes the secrets out of it. */
    readonly message: string
    /** The Management scope that is missing, when that is the reason. */
    readonly missingScope?: string
  }
}

export interface ApplyOptions {
  readonly management: Management
  /** Told of each step when it is in place. */
  readonly report?: (item: PlanItem) => void
  /** Milliseconds between tries while Auth0 does not know yet what it has just made. */
  readonly settleDelaysMs?: readonly number[]
}

const SETTLE_DELAYS_MS = [250, 500, 1_000, 2_000]

/** Carries out the steps in their order, and stops at the first that fails. */
export async function applySteps(
  steps: readonly Step[],
  { management, report = () => undefined, settleDelaysMs = SETTLE_DELAYS_MS }: ApplyOptions,
): Promise<Applied> {
  const done: PlanItem[] = []
  const madeClients: string[] = []
  let predefined: string | undefined
  for (const { item, change } of steps) {
    if (change === undefined) continue
    try {
      const hasMade = done.some(({ action }) => action === 'create')
      const made = await untilSettled(hasMade ? settleDelaysMs : [], () =>
        perform(management, change, predefined),
      )
      if (made !== undefined) madeClients.push(made)
      if (change.call === 'clients.create') predefined = made
    } catch (error) {
      return { done, madeClients, failure: { item, ...explainRefusal(change, error) } }
    }
    done.push(item)
    report(item)
  }
  return { done, madeClients }
}

/** @returns the id of the client that the change has made, if it has made one. */
async function perform(
  management: Management,
  change: Change,
  predefined: string | undefined,
): Promise<string | undefined> {
  const { clientGrants, clients, connections, logStreams, resourceServers, tenants } = management
  switch (change.call) {
    case 'resourceServers.create':
      return void (await resourceServers.create(change.body))
    case 'resourceServers.update':
      return void (await resourceServers.update(change.id, change.body))
    case 'tenants.settings.update':
      return void (await tenants.settings.update(change.body))
    case 'connections.update':
      return void (await connections.update(change.id, change.body))
    case 'connections.clients.update': {
      const client_id = idOf(change.client, predefined)
      return void (await connections.clients.update(change.id, [{ client_id, status: true }]))
    }
    case 'clientGrants.create': {
      const { body, client } = change
      const owner = client === undefined ? {} : { client_id: idOf(client, predefined) }
      return void (await clientGrants.create({ ...body, ...owner }))
    }
    case 'clientGrants.update':
      return void (await clientGrants.update(change.id, change.body))
    case 'logStreams.create':
      return void (await logStreams.create(change.body))
    case 'logStreams.update':
      return void (await logStreams.update(change.id, change.body))
    case 'clients.create':
      return (await clients.create(change.body)).client_id
    case 'clients.update':
      return void (await clients.update(change.id, change.body))
    case 'clients.registerCimdClient':
      return registerCimdClient(management, change.body.external_client_id)
  }
}

async function registerCimdClient({ clients }: Management, url: string): Promise<string> {
  const { client_id, validation } = await clients.registerCimdClient({ external_client_id: url })
  if (validation?.valid === false) throw new InvalidMetadataError(validation.violations)
  return client_id
}

/** Auth0 has read the client's metadata document and finds fault with it. */
class InvalidMetadataError extends Error {
  override readonly name = 'InvalidMetadataError'

  constructor(violations: readonly string[]) {
    super(`Auth0 refuses the metadata document: ${violations.join('; ')}`)
  }
}

function idOf(client: ClientReference, predefined: string | undefined): string {
  if (client !== 'made-by-this-run') return client.clientId
  if (predefined === undefined) throw new Error('the client was to be made before')
  return predefined
}

/** What was just made may be unknown to Auth0's other endpoints for a moment. */
async function untilSettled<T>(delaysMs: readonly number[], run: () => Promise<T>): Promise<T> {
  for (const delayMs of delaysMs) {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof Error && 'statusCode' in error && error.statusCode === 404))
        throw error
      await new Promise((resolve) => setTimeout(resolve, delayMs))
    }
  }
  return run()
}

function explainRefusal({ call }: Change, error: unknown) {
  if (error instanceof InvalidMetadataError) return { message: error.message }
  const { kind, message } = explainFailure(error)
  if (kind !== 'scope-missing') return { message }
  const missingScope = SCOPE_OF_CHANGE[call]
  return { message: `The Management scope ${missingScope} is missing`, missingScope }
}

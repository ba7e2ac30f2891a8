import type { Management } from '../../shared/auth0/management.ts'
import { SCOPES } from '../kit/management-scopes.ts'
import { InvalidMetadataError, perform } from './perform.ts'
import { withSubscriptionAdvice } from './plan/cimd-client.ts'
import type { Change, PlanItem, ProvisionStep } from './plan/item.ts'
import { ALTERNATIVES_TO_STREAM } from './plan/log-stream.ts'
import { explainFailure, type Failure } from './reading.ts'

/** The result of applying a plan. */
export interface Applied {
  readonly done: readonly PlanItem[]
  /** Ids of the clients that this run created. */
  readonly madeClients: readonly string[]
  /** The one that `--predefined` created. */
  readonly predefinedClient: string | undefined
  /** The one that exchanges tokens. */
  readonly exchangeClient: string | undefined
  readonly failed: readonly FailedItem[]
  /** Changes that Auth0 refused and that the system does not require. */
  readonly refused: readonly FailedItem[]
  /** Changes that were not attempted, because a step that they depend on is not in place. */
  readonly skipped: readonly PlanItem[]
}

export interface FailedItem {
  readonly item: PlanItem
  /** One line for people; the caller removes secrets from it. */
  readonly message: string
  /** The missing Management scope, if that is the reason. */
  readonly missingScope?: string
}

export interface ApplyOptions {
  readonly management: Management
  /** Called with each item after its change succeeded. */
  readonly report?: (item: PlanItem) => void
  /** Milliseconds between retries of a 404 for an object that Auth0 has just created. */
  readonly retryDelaysMs?: readonly number[]
}

const RETRY_DELAYS_MS = [250, 500, 1_000, 2_000]

/**
 * Applies the steps in order. A step that fails, or that the plan blocks, stops only the steps that
 * depend on it. Without a token, or if Auth0 does not respond at all, all later steps are skipped.
 */
export async function applySteps(
  steps: readonly ProvisionStep[],
  { management, report = () => undefined, retryDelaysMs = RETRY_DELAYS_MS }: ApplyOptions,
): Promise<Applied> {
  const done: PlanItem[] = []
  const failed: FailedItem[] = []
  const refused: FailedItem[] = []
  const skipped: PlanItem[] = []
  const createdIds = new Map<string, string>()
  const unmetKeys = new Set<string>()
  const refusedKeys = new Set<string>()
  let isFatal = false
  for (const { item, change, key = '', after = [], whenRefused } of steps) {
    if (item.action === 'blocked') unmetKeys.add(key)
    if (change === undefined || !isCarriedOut({ item, change })) continue
    if (isFatal || after.some((one) => unmetKeys.has(one))) {
      unmetKeys.add(key)
      skipped.push(item)
      continue
    }
    if (after.some((one) => refusedKeys.has(one))) {
      refusedKeys.add(key)
      refused.push({ item, message: 'Not changed: it depends on a change that Auth0 refused' })
      continue
    }
    try {
      const delaysMs = done.some(({ action }) => action === 'create') ? retryDelaysMs : []
      const id = await retryOnNotFound(delaysMs, () => perform(management, change, createdIds))
      if (id !== undefined && item.action !== 'keep') createdIds.set(key, id)
    } catch (error) {
      const { failure, ...explained } = explainRefusal(change, error)
      isFatal = failure?.kind === 'no-token' || failure?.kind === 'unreachable'
      if (whenRefused === undefined || !isRefusal(failure)) {
        unmetKeys.add(key)
        failed.push({ item, ...explained })
      } else {
        refusedKeys.add(key)
        refused.push({ item, message: `${failure?.message ?? explained.message}. ${whenRefused}` })
      }
      continue
    }
    done.push(item)
    report(item)
  }
  const madeClients = [...createdIds].flatMap(([key, id]) => (CLIENT_KEYS.has(key) ? [id] : []))
  const [predefinedClient, exchangeClient] = [
    createdIds.get('predefined'),
    createdIds.get('exchange'),
  ]
  return { done, madeClients, predefinedClient, exchangeClient, failed, refused, skipped }
}

/** Returns whether `--apply` sends a call for this step. */
export function isCarriedOut({ item, change }: ProvisionStep): boolean {
  return change !== undefined && item.action !== 'blocked'
}

const CLIENT_KEYS: ReadonlySet<string> = new Set(['cimd', 'predefined', 'exchange'])

/** Whether Auth0 rejected the call itself, for a reason other than a missing scope. */
function isRefusal(failure: Failure | undefined): boolean {
  return failure?.kind === 'failed' && [400, 402, 403, 409].includes(failure.status ?? 0)
}

/** Auth0's endpoints may return 404 for a short time for an object that was just created. */
async function retryOnNotFound<T>(delaysMs: readonly number[], run: () => Promise<T>): Promise<T> {
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

interface ExplainedError {
  readonly message: string
  readonly missingScope?: string
  readonly failure?: Failure
}

function explainRefusal({ call }: Change, error: unknown): ExplainedError {
  if (error instanceof InvalidMetadataError) return { message: error.message }
  const failure = explainFailure(error)
  if (failure.kind === 'scope-missing') {
    const missingScope = SCOPES[call]
    return { message: `The Management scope ${missingScope} is missing`, missingScope, failure }
  }
  return { message: withAdvice(call, failure), failure }
}

function withAdvice(call: Change['call'], failure: Failure): string {
  const { message } = failure
  if (call === 'clients.registerCimdClient') return withSubscriptionAdvice(message)
  const isSubscriptionLimit =
    call === 'logStreams.create' && [402, 403, 409].includes(failure.status ?? 0)
  return isSubscriptionLimit ? `${message}. ${ALTERNATIVES_TO_STREAM}` : message
}

import type { Management } from '../../shared/auth0/management.ts'
import { SCOPES } from '../kit/management-scopes.ts'
import { InvalidMetadataError, perform } from './perform.ts'
import { withPlanAdvice } from './plan/cimd-client.ts'
import type { Change, PlanItem, Step } from './plan/item.ts'
import { WAYS_WITHOUT_STREAM } from './plan/log-stream.ts'
import { explainFailure, type Failure } from './reading.ts'

/** How far a plan was carried out. */
export interface Applied {
  readonly done: readonly PlanItem[]
  /** Client ids of the clients that were made. */
  readonly madeClients: readonly string[]
  /** Of these the one that `--predefined` asked for. */
  readonly predefinedClient: string | undefined
  /** Of these the one that exchanges tokens. */
  readonly exchangeClient: string | undefined
  readonly failed: readonly FailedItem[]
  /** What Auth0 refused and the system does without. */
  readonly refused: readonly FailedItem[]
  /** What was not tried, because something that it depends on is not in place. */
  readonly skipped: readonly PlanItem[]
}

export interface FailedItem {
  readonly item: PlanItem
  /** One line for people; the caller takes the secrets out of it. */
  readonly message: string
  /** The Management scope that is missing, when that is the reason. */
  readonly missingScope?: string
}

export interface ApplyOptions {
  readonly management: Management
  /** Called with each step when it is in place. */
  readonly report?: (item: PlanItem) => void
  /** Milliseconds between tries while Auth0 does not know yet what it has just made. */
  readonly settleDelaysMs?: readonly number[]
}

const SETTLE_DELAYS_MS = [250, 500, 1_000, 2_000]

/**
 * Carries out the steps in their order. One that fails, or is blocked in the plan, stops only those
 * that depend on it; without a token, or when Auth0 does not answer at all, the rest is skipped.
 */
export async function applySteps(
  steps: readonly Step[],
  { management, report = () => undefined, settleDelaysMs = SETTLE_DELAYS_MS }: ApplyOptions,
): Promise<Applied> {
  const done: PlanItem[] = []
  const failed: FailedItem[] = []
  const refused: FailedItem[] = []
  const skipped: PlanItem[] = []
  const made = new Map<string, string>()
  const missing = new Set<string>()
  const dispensable = new Set<string>()
  let isHopeless = false
  for (const { item, change, key = '', after = [], whenRefused } of steps) {
    if (item.action === 'blocked') missing.add(key)
    if (change === undefined || !isCarriedOut({ item, change })) continue
    if (isHopeless || after.some((one) => missing.has(one))) {
      missing.add(key)
      skipped.push(item)
      continue
    }
    if (after.some((one) => dispensable.has(one))) {
      dispensable.add(key)
      refused.push({ item, message: 'Left as it is: it depends on what Auth0 refused' })
      continue
    }
    try {
      const delaysMs = done.some(({ action }) => action === 'create') ? settleDelaysMs : []
      const id = await untilSettled(delaysMs, () => perform(management, change, made))
      if (id !== undefined && item.action !== 'keep') made.set(key, id)
    } catch (error) {
      const { failure, ...told } = explainRefusal(change, error)
      isHopeless = failure?.kind === 'no-token' || failure?.kind === 'unreachable'
      if (whenRefused === undefined || !isRefusal(failure)) {
        missing.add(key)
        failed.push({ item, ...told })
      } else {
        dispensable.add(key)
        refused.push({ item, message: `${failure?.message ?? told.message}. ${whenRefused}` })
      }
      continue
    }
    done.push(item)
    report(item)
  }
  const madeClients = [...made].flatMap(([key, id]) => (CLIENT_KEYS.has(key) ? [id] : []))
  const [predefinedClient, exchangeClient] = [made.get('predefined'), made.get('exchange')]
  return { done, madeClients, predefinedClient, exchangeClient, failed, refused, skipped }
}

/** Whether `--apply` sends a call for this step. */
export function isCarriedOut({ item, change }: Step): boolean {
  return change !== undefined && item.action !== 'blocked'
}

const CLIENT_KEYS: ReadonlySet<string> = new Set(['cimd', 'predefined', 'exchange'])

/** Auth0 understood the call and does not allow it, for another reason than a missing scope. */
function isRefusal(failure: Failure | undefined): boolean {
  return failure?.kind === 'failed' && [400, 402, 403, 409].includes(failure.status ?? 0)
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

interface Explained {
  readonly message: string
  readonly missingScope?: string
  readonly failure?: Failure
}

function explainRefusal({ call }: Change, error: unknown): Explained {
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
  if (call === 'clients.registerCimdClient') return withPlanAdvice(message)
  const isOfPlan = call === 'logStreams.create' && [402, 403, 409].includes(failure.status ?? 0)
  return isOfPlan ? `${message}. ${WAYS_WITHOUT_STREAM}` : message
}

import {
  NumberError,
  readingPlain,
  readingValuesToCheck,
} from '../../shared/json/written-numbers.ts'
import { ArgumentError } from './backend/argument-error.ts'
import type { BackendPlan, BackendRequest } from './backend/backend-request.ts'
import type { CallableTool } from './callable-tool.ts'
import { type Answers, InputError } from './input/answers.ts'
import { handOver } from './input/hand-over.ts'
import { oneLine } from './one-line.ts'

/** The arguments of a call. They do not stay in memory while the backend works. */
export interface ToolInvocation {
  /** As `readingKept` returns them. */
  readonly args: unknown
  /**
   * Whether `args` can be validated as they are. Otherwise the values to validate are read from
   * `body`.
   */
  readonly isPlain: boolean
  /**
   * The arguments in JSON, in UTF-8 if they are long. They are the body of the backend request
   * unless the tool has a `request`.
   */
  readonly body: string | Buffer
  /** The input that a retry contains; undefined for a first call. */
  readonly answers?: Answers | undefined
}

const MAX_FAULT_CHARACTERS = 1_000

/**
 * Returns, in turns, the backend request or one bounded line that states what is wrong with the
 * arguments.
 */
export function* preparing(
  plan: BackendPlan,
  tool: CallableTool,
  invocation: ToolInvocation,
): Generator<undefined, BackendRequest | string> {
  const { body, args, answers } = invocation
  const fault = yield* validating(tool, invocation)
  if (fault !== undefined) return fault
  try {
    const request = plan.make(body, args)
    if (answers === undefined) return request
    return handOver(request, answers, tool.request === undefined ? body.toString() : undefined)
  } catch (error) {
    if (!(error instanceof ArgumentError || error instanceof InputError)) throw error
    return oneLine(error.message, MAX_FAULT_CHARACTERS)
  }
}

/**
 * Returns, in turns, one bounded line that states what is wrong with the arguments; undefined if
 * they are valid.
 */
export function* validating(
  tool: CallableTool,
  { body, args, isPlain }: ToolInvocation,
): Generator<undefined, string | undefined> {
  try {
    const values = isPlain ? [args] : yield* readingWrittenValues(body.toString())
    for (const value of values) {
      yield
      const fault = tool.validateInput(value)
      if (fault !== undefined) return oneLine(fault, MAX_FAULT_CHARACTERS)
    }
    return undefined
  } catch (error) {
    if (!(error instanceof NumberError)) throw error
    return oneLine(error.message, MAX_FAULT_CHARACTERS)
  }
}

function* readingWrittenValues(json: string): Generator<undefined, readonly unknown[]> {
  return yield* readingValuesToCheck(json, yield* readingPlain(json))
}

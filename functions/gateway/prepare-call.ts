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

/** A tool and what it is called with. */
export interface GivenCall {
  readonly tool: CallableTool
  readonly args: unknown
  /** Whether `args` are what a check of them sees; else that is read from `body`. */
  readonly isPlain: boolean
  /** The same in JSON, as the backend gets it unless the tool has a `request`. */
  readonly body: string
  /** What a retry brings along; undefined for a first call. */
  readonly answers?: Answers | undefined
}

const MAX_FAULT_CHARACTERS = 1_000

/** The request to the backend, or what is wrong with the arguments, in one bounded line; in turns. */
export function* preparing(
  plan: BackendPlan,
  { tool, body, args, isPlain, answers }: GivenCall,
): Generator<undefined, BackendRequest | string> {
  const fault = yield* checking(tool, body, args, isPlain)
  if (fault !== undefined) return fault
  try {
    const request = plan.make(body, args, isPlain)
    if (answers === undefined) return request
    return handOver(request, answers, tool.request === undefined ? body : undefined)
  } catch (error) {
    if (!(error instanceof ArgumentError || error instanceof InputError)) throw error
    return oneLine(error.message, MAX_FAULT_CHARACTERS)
  }
}

/** What is wrong with the arguments, in one bounded line; undefined when they fit. */
function* checking(
  tool: CallableTool,
  body: string,
  args: unknown,
  isPlain: boolean,
): Generator<undefined, string | undefined> {
  try {
    const values = isPlain ? [args] : yield* readingValuesToCheck(body, yield* readingPlain(body))
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

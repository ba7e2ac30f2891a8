import type { Cause } from './cause.ts'
import { CAUSES, type CauseId } from './causes.ts'

/** A step that cannot go on; the message is what was seen. */
export class StepError extends Error {
  override readonly name = 'StepError'
  readonly id: CauseId

  constructor(id: CauseId, seen: string) {
    super(seen)
    this.id = id
  }

  get why(): Cause {
    return CAUSES[this.id]
  }
}

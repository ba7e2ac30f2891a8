import type { Cause } from './cause.ts'
import { CAUSES, type CauseId } from './causes.ts'

/** A step that cannot go on; the message is what was seen. */
export class StepError extends Error {
  override readonly name = 'StepError'
  readonly id: CauseId
  /** The scopes that a challenge for more of them names. */
  readonly scopes: readonly string[]

  constructor(id: CauseId, seen: string, scopes: readonly string[] = []) {
    super(seen)
    this.id = id
    this.scopes = scopes
  }

  get why(): Cause {
    return CAUSES[this.id]
  }
}

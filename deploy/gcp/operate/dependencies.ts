import type { Environment } from '../../../shared/config.ts'
import type { Run } from '../command.ts'

/** The dependencies of `status` and `rollback`. */
export interface OperateDependencies {
  readonly run: Run
  readonly env: Environment
  readonly write: (text: string) => void
  readonly fetch: typeof fetch
}

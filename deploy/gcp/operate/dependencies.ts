import type { Environment } from '../../../shared/config.ts'
import type { Run } from '../command.ts'

/** What `status` and `rollback` work with. */
export interface OperateDependencies {
  readonly run: Run
  readonly env: Environment
  readonly write: (text: string) => void
  readonly fetch: typeof fetch
}

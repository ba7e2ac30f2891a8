import type { Dependencies } from '../gcp/prepare.ts'
import type { RotateDependencies } from '../gcp/secrets/rotate.ts'
import type { CommandIo } from '../kit/command.ts'

/** What the commands for Google Cloud may get besides what every command gets. */
export interface GcpIo extends CommandIo, Partial<Pick<Dependencies, 'run' | 'build'>> {
  readonly authorizeStream?: RotateDependencies['authorizeStream']
  readonly fetch?: typeof fetch
}

/** The dependencies of such a command: without `run`, the programs of this machine. */
export async function gcpDependencies(io: GcpIo): Promise<RotateDependencies> {
  const { createRun } = await import('../gcp/command.ts')
  const { env, write, run = createRun(env), build, authorizeStream } = io
  return {
    env,
    write,
    run,
    ...(build !== undefined && { build }),
    ...(authorizeStream !== undefined && { authorizeStream }),
  }
}

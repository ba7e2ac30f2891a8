import type { Dependencies } from '../gcp/prepare.ts'
import type { RotateDependencies } from '../gcp/secrets/rotate.ts'
import type { CommandIo } from '../kit/command.ts'

/** The inputs of the commands for Google Cloud beyond those of every command. */
export interface GcpIo extends CommandIo, Partial<Pick<Dependencies, 'run' | 'build'>> {
  readonly authorizeStream?: RotateDependencies['authorizeStream']
  readonly fetch?: typeof fetch
}

/** Returns the dependencies of such a command; `run` defaults to programs on this machine. */
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

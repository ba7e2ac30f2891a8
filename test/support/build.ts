import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Built, buildFunction } from '../../deploy/build/build.ts'
import { functionNames, ROOT } from '../../deploy/build/functions.ts'

/** Functions that were built into a temporary directory with the node_modules of this repository. */
export interface BuiltFunctions extends AsyncDisposable {
  readonly directory: string
  readonly functions: ReadonlyMap<string, Built>
}

export async function buildAll(
  names: readonly string[] = functionNames(),
): Promise<BuiltFunctions> {
  const directory = await mkdtemp(join(tmpdir(), 'dist-'))
  await symlink(`${ROOT}node_modules`, join(directory, 'node_modules'))
  const built = await Promise.all(names.map((name) => buildFunction(name, directory)))
  return {
    directory,
    functions: new Map(built.map((one) => [one.name, one])),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  }
}

import { ConfigError, type Environment } from '../../shared/config.ts'
import { type Built, buildFunction } from './build.ts'
import {
  CATALOGUE_FILE,
  type CarriedCatalogue,
  catalogueFor,
  describeCatalogue,
  describeWarnings,
  hasCatalogue,
  writeCatalogue,
} from './catalogue.ts'
import { functionNames } from './functions.ts'

/** What a build gets from the process that it is. */
export interface BuildIo {
  readonly env: Environment
  /** Directory of the built functions. */
  readonly dist: string
  readonly write: (text: string) => void
  readonly writeError: (text: string) => void
}

const MAX_PARTS = 8

/**
 * One run of `npm run build`: builds the functions that `asked` names, by default all. A catalogue that
 * the environment gives goes into them; without one they are built without.
 *
 * @returns The exit code: 1 = the catalogue is refused and nothing was built, 2 = no such function.
 */
export async function runBuild(asked: readonly string[], io: BuildIo): Promise<number> {
  const known = functionNames()
  const unknown = asked.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    io.writeError(`No such function: ${unknown.join(', ')}. There are: ${known.join(', ')}\n`)
    return 2
  }
  try {
    const parts = (asked.length > 0 ? asked : known).map((name) => ({
      name,
      catalogue: hasCatalogue(io.env) ? catalogueFor(name, io.env) : undefined,
    }))
    io.writeError(describeWarnings(parts[0]?.catalogue?.warnings ?? []))
    for (const { name, catalogue } of parts) {
      const built = await buildFunction(name, io.dist)
      if (catalogue !== undefined) writeCatalogue(built.directory, catalogue)
      io.write(describe(built, catalogue))
    }
    return 0
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    io.writeError(`${error.message}\n`)
    return 1
  }
}

function describe({ name, bytes, weights }: Built, catalogue?: CarriedCatalogue): string {
  const rest = weights.slice(MAX_PARTS).reduce((sum, part) => sum + part.bytes, 0)
  const parts = [
    ...weights.slice(0, MAX_PARTS),
    ...(rest > 0 ? [{ name: 'all else', bytes: rest, lazy: false }] : []),
  ]
  const carried = catalogue && `  ${CATALOGUE_FILE}: ${describeCatalogue(catalogue)}\n`
  return `dist/${name}  ${kilobytes(bytes)}\n${parts.map(line).join('')}${carried ?? ''}`
}

function line({ name, bytes, lazy }: Built['weights'][number]): string {
  return `  ${kilobytes(bytes).padStart(9)}  ${name}${lazy ? '  (loaded when first used)' : ''}\n`
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`
}

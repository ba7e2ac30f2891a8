import type { Environment } from '../../shared/config.ts'
import { UsageError } from '../kit/errors.ts'
import { didYouMean } from '../kit/nearest.ts'
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
import { makeCompileCache } from './compile-cache.ts'
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
 * @returns What was built.
 * @throws UsageError for an unknown function, ConfigError when the catalogue is refused: nothing was
 * built then.
 */
export async function runBuild(asked: readonly string[], io: BuildIo): Promise<Built[]> {
  const known = functionNames()
  for (const name of asked) {
    if (known.includes(name)) continue
    const there = `There are: ${known.join(', ')}.${didYouMean(name, known)}`
    throw new UsageError(`No such function: ${name}. ${there}`)
  }
  const parts = (asked.length > 0 ? asked : known).map((name) => ({
    name,
    catalogue: hasCatalogue(io.env) ? catalogueFor(name, io.env) : undefined,
  }))
  io.writeError(describeWarnings(parts[0]?.catalogue?.warnings ?? []))
  const all: Built[] = []
  for (const { name, catalogue } of parts) {
    const built = await buildFunction(name, io.dist)
    if (catalogue !== undefined) writeCatalogue(built.directory, catalogue)
    makeCompileCache(built.directory)
    io.write(describe(built, catalogue))
    all.push(built)
  }
  return all
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

import type { Environment } from '../../shared/config.ts'
import { didYouMean } from '../../shared/nearest.ts'
import { UsageError } from '../kit/errors.ts'
import { type Built, buildFunction, makeCodeCache } from './build.ts'
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

/** The inputs and outputs of a build. */
export interface BuildIo {
  readonly env: Environment
  /** Directory of the built functions. */
  readonly dist: string
  readonly write: (text: string) => void
  readonly writeError: (text: string) => void
}

const MAX_PARTS = 8

/**
 * Runs `npm run build`: builds the functions in `requested`, or all if it is empty, with the catalogue of
 * the environment, if there is one.
 *
 * @returns the built functions.
 * @throws UsageError for an unknown function, ConfigError for an invalid catalogue; builds nothing in
 * these cases.
 */
export async function runBuild(requested: readonly string[], io: BuildIo): Promise<Built[]> {
  const known = functionNames()
  for (const name of requested) {
    if (known.includes(name)) continue
    const expected = `Expected one of: ${known.join(', ')}.${didYouMean(name, known)}`
    throw new UsageError(`Unknown function: ${name}. ${expected}`)
  }
  const parts = (requested.length > 0 ? requested : known).map((name) => ({
    name,
    catalogue: hasCatalogue(io.env) ? catalogueFor(name, io.env) : undefined,
  }))
  io.writeError(describeWarnings(parts[0]?.catalogue?.warnings ?? []))
  const all: Built[] = []
  for (const { name, catalogue } of parts) {
    const built = await buildFunction(name, io.dist)
    if (catalogue !== undefined) writeCatalogue(built.directory, catalogue)
    makeCodeCache(built.directory)
    io.write(describe(built, catalogue))
    all.push(built)
  }
  return all
}

function describe({ name, bytes, weights }: Built, catalogue?: CarriedCatalogue): string {
  const rest = weights.slice(MAX_PARTS).reduce((sum, part) => sum + part.bytes, 0)
  const parts = [
    ...weights.slice(0, MAX_PARTS),
    ...(rest > 0 ? [{ name: 'other', bytes: rest, lazy: false }] : []),
  ]
  const carried = catalogue && `  ${CATALOGUE_FILE}: ${describeCatalogue(catalogue)}\n`
  return `dist/${name}  ${kilobytes(bytes)}\n${parts.map(line).join('')}${carried ?? ''}`
}

function line({ name, bytes, lazy }: Built['weights'][number]): string {
  return `  ${kilobytes(bytes).padStart(9)}  ${name}${lazy ? '  (loaded on first use)' : ''}\n`
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`
}

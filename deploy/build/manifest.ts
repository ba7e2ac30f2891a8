import { FRAMEWORK } from './bundle.ts'

/**
 * Entry point of a built function. functions-framework looks for a package.json, which takes a fifth of
 * its start, only if the name ends in `.js`.
 */
export const ENTRY_POINT = 'index.cjs'
/** The program that makes the code cache, in the directory where the function is installed. */
export const CACHE_MAKER = 'make-code-cache.cjs'

/** The used parts of package-lock.json (version 3). */
export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

export interface LockedPackage {
  /** The package's own name, if it is installed under an alias. */
  readonly name?: string
  readonly version?: string
  readonly license?: string
  readonly integrity?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

/** The Node.js version of deployed functions. */
const NODE = '24.x'

/**
 * Returns package.json and package-lock.json of a built function. functions-framework is its only
 * dependency, with the version and dependency tree of this repository's lockfile. Google's buildpack
 * runs the script `gcp-build`.
 *
 * @throws Error if the lockfile does not contain the tree.
 */
export function manifests(name: string, version: string, lock: Lock) {
  const tree = dependencyTree(lock, FRAMEWORK)
  const framework = lock.packages[`node_modules/${FRAMEWORK}`]
  const manifest = {
    name,
    version,
    private: true,
    type: 'module',
    main: ENTRY_POINT,
    // Without it the function works too.
    scripts: { 'gcp-build': `node ${CACHE_MAKER} || true` },
    engines: { node: NODE },
    dependencies: { [FRAMEWORK]: framework?.version ?? '' },
  }
  const { dependencies, engines } = manifest
  const packages = { '': { name, version, dependencies, engines }, ...tree }
  return {
    'package.json': manifest,
    'package-lock.json': { name, version, lockfileVersion: 3, requires: true, packages },
  }
}

/** Returns the lockfile entries of `name` and its dependencies, by path. */
export function dependencyTree(lock: Lock, name: string): Record<string, LockedPackage> {
  const found = new Set<string>()
  const visit = (from: string, dependency: string, optional: boolean) => {
    const place = resolveFrom(lock, from, dependency)
    if (place === undefined) {
      if (optional) return
      throw new Error(`package-lock.json has no ${dependency} for ${from}`)
    }
    if (found.has(place)) return
    found.add(place)
    const entry = lock.packages[place] ?? {}
    for (const child of Object.keys(entry.dependencies ?? {})) visit(place, child, false)
    for (const child of Object.keys(entry.optionalDependencies ?? {})) visit(place, child, true)
    for (const child of Object.keys(entry.peerDependencies ?? {})) {
      visit(place, child, entry.peerDependenciesMeta?.[child]?.optional === true)
    }
  }
  visit('', name, false)
  return Object.fromEntries([...found].sort().map((place) => [place, lock.packages[place] ?? {}]))
}

/** Resolves like Node: the nearest node_modules in or above `from`. */
function resolveFrom({ packages }: Lock, from: string, name: string): string | undefined {
  for (let at = from; ; at = at.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, '')) {
    const place = `${at === '' ? '' : `${at}/`}node_modules/${name}`
    if (packages[place] !== undefined) return place
    if (at === '') return undefined
  }
}

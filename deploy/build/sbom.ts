import { Enums, Models, Serialize, SPDX, Spec } from '@cyclonedx/cyclonedx-library'
import type { Metafile } from 'esbuild'
import { LEFT_OUT } from './bundle.ts'
import type { Lock, LockedPackage } from './manifest.ts'
import { packageOf } from './weights.ts'

/** Name of the bill of materials in a built function's directory. */
export const SBOM_FILE = 'bom.json'

interface Part {
  readonly name: string
  readonly version: string
  readonly license: string | undefined
  readonly integrity: string | undefined
  /** True = in the bundle; false = installed with the function. */
  readonly isBundled: boolean
}

/**
 * Returns the software bill of materials of a built function, CycloneDX 1.6 in JSON. It lists each npm
 * package in the bundle, by esbuild's metafile, and each package in the function's own lockfile
 * (`installed`). It has no timestamp and no serial number, so the same function produces the same text.
 *
 * @throws Error if package-lock.json does not contain a bundled package.
 */
export function sbom(
  { name, version }: { readonly name: string; readonly version: string },
  { outputs }: Metafile,
  { lock, installed }: { readonly lock: Lock; readonly installed: Lock },
): string {
  const root = new Models.Component(Enums.ComponentType.Application, name, {
    version,
    bomRef: `${name}@${version}`,
  })
  const bom = new Models.Bom({ metadata: new Models.Metadata({ component: root }) })
  const places = Object.keys(installed.packages).filter((place) => place !== '')
  const parts = [
    ...bundledPlaces(outputs).map((place) => toPart(lock, place, true)),
    ...places.map((place) => toPart(installed, place, false)),
  ]
  for (const part of distinct(parts)) {
    const component = toComponent(part)
    bom.components.add(component)
    root.dependencies.add(component.bomRef)
  }
  const factory = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6)
  const serializer = new Serialize.JsonSerializer(factory)
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`
}

function bundledPlaces(outputs: Metafile['outputs']): string[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs))
  const directories = inputs.flatMap(([path, { bytesInOutput }]) =>
    bytesInOutput > 0 && !isLeftOut(path) ? (packageOf(path)?.directory ?? []) : [],
  )
  return [...new Set(directories)]
}

/** Whether the module was replaced. */
function isLeftOut(path: string): boolean {
  return path.startsWith(`${LEFT_OUT}:`)
}

/** `place`: a directory in node_modules; an alias differs from the package's name. */
function toPart({ packages }: Lock, place: string, isBundled: boolean): Part {
  const locked: LockedPackage | undefined = packages[place]
  if (locked?.version === undefined) throw new Error(`package-lock.json has no ${place}`)
  const { version, license, integrity, name } = locked
  const directory = place.replace(/^.*node_modules\//, '')
  return { name: name ?? directory, version, license, integrity, isBundled }
}

/** Returns one entry per package and version; bundled takes precedence over installed. */
function distinct(parts: readonly Part[]): Part[] {
  const known = new Map<string, Part>()
  for (const part of parts) {
    const key = `${part.name}@${part.version} ${part.isBundled}`
    if (!known.has(key)) known.set(key, part)
  }
  return [...known.values()].filter(
    ({ name, version, isBundled }) => isBundled || !known.has(`${name}@${version} true`),
  )
}

function toComponent({ name, version, license, integrity, isBundled }: Part): Models.Component {
  const purl = `pkg:npm/${name.replace(/^@/, '%40')}@${encodeURIComponent(version)}`
  const component = new Models.Component(Enums.ComponentType.Library, name, {
    version,
    purl,
    bomRef: purl,
    scope: Enums.ComponentScope.Required,
  })
  if (license !== undefined) component.licenses.add(toLicence(license))
  const [, digest] = /^sha512-(\S+)$/.exec(integrity ?? '') ?? []
  if (digest !== undefined) {
    const hex = Buffer.from(digest, 'base64').toString('hex')
    component.hashes.set(Enums.HashAlgorithm['SHA-512'], hex)
  }
  const included = isBundled ? 'bundled' : 'installed'
  component.properties.add(new Models.Property('gateway:included', included))
  return component
}

function toLicence(text: string) {
  if (SPDX.isSupportedSpdxId(text)) return new Models.SpdxLicense(text)
  return / (?:OR|AND|WITH) /.test(text)
    ? new Models.LicenseExpression(text)
    : new Models.NamedLicense(text)
}

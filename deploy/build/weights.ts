import type { Metafile } from 'esbuild'
import { MAIN } from './runtime/loader.ts'

/** The size of a part of a bundle: an npm package, a directory of this repository, or `node/`. */
export interface PartSize {
  readonly name: string
  readonly bytes: number
  /** Whether it is loaded on first use. */
  readonly lazy: boolean
}

const PACKAGE = /(?<directory>node_modules\/(?:.*\/node_modules\/)?(?<name>(?:@[^/]+\/)?[^/]+))\//

/** Returns the npm package of a path in the metafile; undefined for files of this repository. */
export function packageOf(
  path: string,
): { readonly name: string; readonly directory: string } | undefined {
  const { name, directory } = PACKAGE.exec(path)?.groups ?? {}
  return name === undefined || directory === undefined ? undefined : { name, directory }
}

/** Returns the sizes of the parts in `metafile`, largest first. */
export function weights({ inputs, outputs }: Metafile): PartSize[] {
  const [, index] = Object.entries(outputs).find(([path]) => path.endsWith(`/${MAIN}`)) ?? []
  const eager = reachable(inputs, [index?.entryPoint ?? ''])
  const parts = new Map<string, PartSize>()
  for (const output of Object.values(outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
      const name = packageOf(path)?.name ?? `${path.split(/[:/]/)[0]}/`
      const lazy = !eager.has(path)
      const key = `${name} ${lazy}`
      const bytes = (parts.get(key)?.bytes ?? 0) + bytesInOutput
      parts.set(key, { name, bytes, lazy })
    }
  }
  return [...parts.values()].filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes)
}

/** Returns the inputs that are evaluated at startup, without a dynamic `import()`. */
function reachable(inputs: Metafile['inputs'], from: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const visit = (path: string) => {
    if (seen.has(path)) return
    seen.add(path)
    for (const { path: next, kind, external } of inputs[path]?.imports ?? []) {
      if (kind !== 'dynamic-import' && external !== true) visit(next)
    }
  }
  for (const path of from) visit(path)
  return seen
}

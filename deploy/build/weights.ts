import type { Metafile } from 'esbuild'

/** What a part of a bundle weighs: a package of npm, a directory of this repository, or `node/`. */
export interface Weight {
  readonly name: string
  readonly bytes: number
  /** True when it is evaluated only after an `import()`. */
  readonly lazy: boolean
}

const PACKAGE = /(?<directory>node_modules\/(?:.*\/node_modules\/)?(?<name>(?:@[^/]+\/)?[^/]+))\//

/** The package of npm that a path of the metafile belongs to; undefined for this repository's own. */
export function packageOf(
  path: string,
): { readonly name: string; readonly directory: string } | undefined {
  const { name, directory } = PACKAGE.exec(path)?.groups ?? {}
  return name === undefined || directory === undefined ? undefined : { name, directory }
}

/** The parts of the bundles in `metafile`, heaviest first. */
export function weights({ inputs, outputs }: Metafile): Weight[] {
  // What an `import()` leads to is an entry point of a file of its own.
  const [, index] = Object.entries(outputs).find(([path]) => path.endsWith('/main.js')) ?? []
  const eager = reachable(inputs, [index?.entryPoint ?? ''])
  const parts = new Map<string, Weight>()
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

/** The inputs that are evaluated at the start: all that no `import()` stands before. */
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

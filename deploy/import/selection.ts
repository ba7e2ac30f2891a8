import { labelOf, type Operation } from './document/operation.ts'

/** A pattern of `--include` or `--exclude`: `tag:pets`, `path:/pets/**`, `method:get`, `id:list*`. */
export interface Selector {
  readonly text: string
  readonly matches: (operation: Operation) => boolean
}

/** Which operations are wanted. */
export interface Selection {
  readonly include: readonly Selector[]
  readonly exclude: readonly Selector[]
  /** Whether deprecated operations count too. */
  readonly deprecated: boolean
}

const KINDS: Readonly<Record<string, (operation: Operation) => readonly string[]>> = {
  tag: ({ tags }) => tags,
  path: ({ path }) => [path],
  method: ({ method }) => [method],
  id: ({ id }) => (id === undefined ? [] : [id]),
}

/**
 * The selector in a text; undefined when it is none. `*` stands for anything but `/`, `**` for
 * anything. Methods are compared without case.
 */
export function parseSelector(text: string): Selector | undefined {
  const [, kind = '', glob = ''] = /^([a-z]+):(.+)$/s.exec(text) ?? []
  const valuesOf = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined
  if (valuesOf === undefined) return undefined
  const pattern = toPattern(glob, kind === 'method' ? 'iu' : 'u')
  return { text, matches: (operation) => valuesOf(operation).some((one) => pattern.test(one)) }
}

/**
 * Why an operation is not wanted; undefined when it is. It is when any `--include` matches, or none was
 * given, and no `--exclude` does.
 */
export function refusalOf(operation: Operation, selection: Selection): string | undefined {
  const { include, exclude, deprecated } = selection
  if (include.length > 0 && !include.some((one) => one.matches(operation))) return 'not included'
  const excluded = exclude.find((one) => one.matches(operation))
  if (excluded !== undefined) return `excluded by ${excluded.text}`
  if (operation.isDeprecated && !deprecated) return 'deprecated (--deprecated takes it)'
  return undefined
}

/** The selectors that match no operation, a line each: mostly a slip of the pen. */
export function unmatched(selection: Selection, operations: readonly Operation[]): string[] {
  const kinds = [
    ['--include', selection.include],
    ['--exclude', selection.exclude],
  ] as const
  return kinds.flatMap(([option, selectors]) =>
    selectors
      .filter((selector) => !operations.some(selector.matches))
      .map(({ text }) => `${option} ${text} matches no operation`),
  )
}

function toPattern(glob: string, flags: string): RegExp {
  const parts = glob.split(/(\*+)/).map((part) => {
    if (part === '*') return '[^/]*'
    return part.startsWith('*') ? '.*' : part.replaceAll(/[\\^$.+?()[\]{}|/]/g, '\\$&')
  })
  // `/pets/**` is the path /pets too.
  const source = parts.join('').replace(/\\\/\.\*$/, '(?:\\/.*)?')
  return new RegExp(`^${source}$`, `${flags}s`)
}

/** Operations by why they are not wanted. */
export function sorted(operations: readonly Operation[], selection: Selection) {
  const wanted: Operation[] = []
  const leftOut: { readonly operation: string; readonly reason: string }[] = []
  for (const operation of operations) {
    const reason = refusalOf(operation, selection)
    if (reason === undefined) wanted.push(operation)
    else leftOut.push({ operation: labelOf(operation), reason })
  }
  return { wanted, leftOut }
}

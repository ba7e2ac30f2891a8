import { labelOf, type Operation } from './document/operation.ts'

/** A pattern of `--include` or `--exclude`: `tag:pets`, `path:/pets/**`, `method:get`, `id:list*`. */
export interface Selector {
  readonly text: string
  readonly kind: string
  readonly matches: (operation: Operation) => boolean
}

/** The selected operations. */
export interface Selection {
  readonly include: readonly Selector[]
  readonly exclude: readonly Selector[]
  /** Whether to include deprecated operations. */
  readonly deprecated: boolean
}

const KINDS: Readonly<Record<string, (operation: Operation) => readonly string[]>> = {
  tag: ({ tags }) => tags,
  path: ({ path }) => [path],
  method: ({ method }) => [method],
  id: ({ id }) => (id === undefined ? [] : [id]),
}

/**
 * Parses a selector; undefined if it is invalid. `*` matches anything except `/`, `**` matches anything.
 * Methods are case-insensitive.
 */
export function parseSelector(text: string): Selector | undefined {
  const [, kind = '', glob = ''] = /^([a-z]+):(.+)$/s.exec(text) ?? []
  const valuesOf = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined
  if (valuesOf === undefined) return undefined
  const pattern = toPattern(glob, kind === 'method' ? 'iu' : 'u')
  return {
    text,
    kind,
    matches: (operation) => valuesOf(operation).some((one) => pattern.test(one)),
  }
}

/**
 * Returns why an operation is not selected; undefined if it is selected: any `--include` matches or none
 * was given, and no `--exclude` matches.
 */
export function refusalOf(operation: Operation, selection: Selection): string | undefined {
  const { include, exclude, deprecated } = selection
  const mayMatch = (one: Selector) => one.matches(operation) || isUnknown(one.kind, operation)
  if (include.length > 0 && !include.some(mayMatch)) return 'not included'
  const excluded = exclude.find((one) => one.matches(operation))
  if (excluded !== undefined) return `excluded by ${excluded.text}`
  if (operation.isDeprecated && !deprecated) return 'deprecated (use --deprecated to import it)'
  return undefined
}

/** Returns whether a selector cannot be applied, because the operation could not be read. */
function isUnknown(kind: string, { error, method }: Operation): boolean {
  if (error === undefined || kind === 'path') return false
  return kind !== 'method' || method === ''
}

/** Returns one line per selector that matches no operation, which is usually a typo. */
export function unmatchedSelectors(
  selection: Selection,
  operations: readonly Operation[],
): string[] {
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
  // `/pets/**` also matches /pets.
  const source = parts.join('').replace(/\\\/\.\*$/, '(?:\\/.*)?')
  return new RegExp(`^${source}$`, `${flags}s`)
}

/** Splits operations into selected ones and omitted ones with their reasons. */
export function selectOperations(operations: readonly Operation[], selection: Selection) {
  const selected: Operation[] = []
  const leftOut: { readonly operation: string; readonly reason: string }[] = []
  for (const operation of operations) {
    const reason = refusalOf(operation, selection)
    if (reason === undefined) selected.push(operation)
    else leftOut.push({ operation: labelOf(operation), reason })
  }
  return { selected, leftOut }
}

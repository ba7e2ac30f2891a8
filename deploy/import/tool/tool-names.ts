import { createHash } from 'node:crypto'
import { labelOf, type Operation } from '../document/operation.ts'

/** What every client takes: claude.ai drops the whole list for one other name. */
const MAX_NAME = 64
const SUFFIX = 7

/**
 * A name for each operation that every client takes (`^[a-zA-Z0-9_-]{1,64}$`): from its `operationId`,
 * else from method and path. Names that would be the same end in a hash of method and path, so a name
 * depends on what else the document has, and never on what was selected. Give all operations.
 */
export function nameOperations(operations: readonly Operation[]): ReadonlyMap<Operation, string> {
  const wishes = operations.map((operation) => ({ operation, ...wishOf(operation) }))
  const counts = new Map<string, number>()
  for (const { name } of wishes) counts.set(name, (counts.get(name) ?? 0) + 1)
  const owners = new Map<string, Operation>()
  for (const { operation, name } of wishes) {
    if (operation.id === name && !owners.has(name)) owners.set(name, operation)
  }
  return new Map(
    wishes.map(({ operation, name, isCut }) => {
      const isShared = (counts.get(name) ?? 0) > 1 && owners.get(name) !== operation
      return [operation, isShared || isCut ? withSuffix(name, operation) : name]
    }),
  )
}

function wishOf({ id, method, path }: Operation): { name: string; isCut: boolean } {
  const plain = toName(id ?? '')
  const name = plain === '' ? toName(`${method} ${path}`) : plain
  return { name: name.slice(0, MAX_NAME), isCut: name.length > MAX_NAME }
}

function toName(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_-]+/g, '_').replaceAll(/^_+|_+$/g, '')
}

function withSuffix(name: string, operation: Operation): string {
  const digest = createHash('sha256').update(labelOf(operation)).digest('hex')
  return `${name.slice(0, MAX_NAME - SUFFIX)}_${digest.slice(0, SUFFIX - 1)}`
}

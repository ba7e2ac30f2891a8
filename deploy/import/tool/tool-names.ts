import { createHash } from 'node:crypto'
import { labelOf, type Operation } from '../document/operation.ts'

/** The smallest limit of the clients: claude.ai rejects the whole list if one name is longer. */
const MAX_NAME = 64
const SUFFIX = 7

/**
 * Returns a name for each operation that all clients accept (`^[a-zA-Z0-9_-]{1,64}$`): from its
 * `operationId`, or else from method and path. Duplicate names get a hash of method and path as suffix.
 * Pass all operations of the document, so that a name does not depend on the selection.
 */
export function nameOperations(operations: readonly Operation[]): ReadonlyMap<Operation, string> {
  const preferredNames = operations.map((operation) => ({ operation, ...preferredName(operation) }))
  const counts = new Map<string, number>()
  for (const { name } of preferredNames) counts.set(name, (counts.get(name) ?? 0) + 1)
  const owners = new Map<string, Operation>()
  for (const { operation, name } of preferredNames) {
    if (operation.id === name && !owners.has(name)) owners.set(name, operation)
  }
  return new Map(
    preferredNames.map(({ operation, name, isCut }) => {
      const isShared = (counts.get(name) ?? 0) > 1 && owners.get(name) !== operation
      return [operation, isShared || isCut ? withSuffix(name, operation) : name]
    }),
  )
}

function preferredName({ id, method, path }: Operation): { name: string; isCut: boolean } {
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

import type { ApiDocument } from '../document/load-document.ts'
import { memberIn, type Operation } from '../document/operation.ts'
import { objectAt } from '../document/place.ts'

/** Returns the `security` of an operation, or else that of the document. Not checked. */
export function securityOf(document: ApiDocument, operation: Operation): unknown {
  const own = memberIn(document, operation.place, 'security').value
  return own ?? memberIn(document, document.root, 'security').value
}

/** Returns a security scheme by its name; empty if it is not declared. */
export function securityScheme(
  document: ApiDocument,
  name: string,
): Readonly<Record<string, unknown>> {
  const components = memberIn(document, document.root, 'components')
  const schemes = memberIn(document, components, 'securitySchemes')
  return objectAt(memberIn(document, schemes, name))
}

import { asObject } from '../../../shared/json.ts'
import type { ApiDocument } from '../document/load-document.ts'
import type { Operation } from '../document/operation.ts'
import { securityOf, securityScheme } from './security.ts'

/**
 * Returns the API keys and HTTP credentials that an operation requires by its own `security` or the
 * document's, unless an alternative requires none. Users sign in to the gateway, so the API gets these
 * credentials only from `backendAuth`.
 */
export function credentialsOf(document: ApiDocument, operation: Operation): readonly string[] {
  const security = securityOf(document, operation)
  const inAlternative = (requirement: unknown) =>
    Object.keys(asObject(requirement) ?? {}).flatMap((name) => {
      const { type, scheme, in: place, name: field } = securityScheme(document, name)
      if (type === 'apiKey') return [`an API key (${String(place)} ${String(field)})`]
      return type === 'http' ? [`HTTP ${String(scheme)} credentials`] : []
    })
  const alternatives = Array.isArray(security) ? security.map(inAlternative) : []
  return alternatives.some((one) => one.length === 0) ? [] : alternatives.flat()
}

/** Returns a warning that names all credentials; none if there are none. */
export function credentialWarnings(credentials: readonly string[]): readonly string[] {
  const distinct = [...new Set(credentials)]
  if (distinct.length === 0) return []
  return [
    `the API requires ${distinct.join(' or ')}, which only backendAuth sends: set it in defaults of the catalogue, unless it is set (docs/openapi.md#credentials-for-the-api)`,
  ]
}

import { asObject } from '../../../shared/json.ts'
import type { ApiDocument } from '../document/load-document.ts'
import type { Operation } from '../document/operation.ts'
import { securityOf, securityScheme } from './security.ts'

/** A parameter or a property of a body. */
export interface NamedValue {
  readonly name: string
  readonly description: unknown
}

const TOKEN_NAME = /^(?:o?auth_?|access_?|bearer_?)?token$/i
const SELF_EXPLANATORY_NAME = /^(?:access|bearer|oauth)_?token$/i
// Slack: "Authentication token. Requires scope: `chat:write`".
const TOKEN_TEXT =
  /^(?:(?:an?|the|your)\s+)?(?:authentication|bearer|(?:o?auth(?: ?2(?:\.0)?)?\s+)?access)\s+token(?:\s*$|[.,:;]|\s+(?:bearing|requires?|with)\b)/i
/** Operations whose subject may be a token. */
const TOKEN_PATH = /token|revoke|introspect|inspect|debug/i

/**
 * Returns a test for the access token of an operation, which some documents list as a parameter beside
 * the security scheme, such as Slack's. The gateway authenticates to the API, so it is not an argument.
 * The test is true only if the operation requires a bearer token, and the description says that the value
 * is one, or the name does without a description.
 */
export function accessTokenTest(
  document: ApiDocument,
  operation: Operation,
): (value: NamedValue) => boolean {
  if (!hasBearerScheme(document, operation)) return () => false
  return ({ name, description }) => {
    if (!TOKEN_NAME.test(name)) return false
    if (typeof description === 'string' && description.trim() !== '') {
      return TOKEN_TEXT.test(description.trim())
    }
    return SELF_EXPLANATORY_NAME.test(name) && !TOKEN_PATH.test(operation.path)
  }
}

function hasBearerScheme(document: ApiDocument, operation: Operation): boolean {
  const security = securityOf(document, operation)
  const names = Array.isArray(security)
    ? security.flatMap((one: unknown) => Object.keys(asObject(one) ?? {}))
    : []
  return names.some((name) => {
    const { type, scheme } = securityScheme(document, name)
    const isBearer = type === 'http' && /^bearer$/i.test(String(scheme))
    return type === 'oauth2' || type === 'openIdConnect' || isBearer
  })
}
